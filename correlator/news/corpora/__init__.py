"""Tables and files of many articles, by layouts that are data."""
