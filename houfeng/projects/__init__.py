"""Projects of safety assessment: a file that says what is asked, results for programs, a report that can be signed."""
