"""Read publishers' pages: dates, headline and body of a page's own article."""
