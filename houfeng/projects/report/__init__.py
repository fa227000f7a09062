"""A project's results as a report to read, print and sign: HTML and PDF, in English, Chinese and Russian."""
