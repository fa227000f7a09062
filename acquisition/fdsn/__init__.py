"""FDSN web services: records and StationXML from data centres, judged by the samples that arrived."""
