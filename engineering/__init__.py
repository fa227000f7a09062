"""What ground motion did to a site: intensity measures, response spectra, codes and pipelines. No files, no network."""
