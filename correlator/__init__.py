"""A market-context news correlator: what did this ticker do around this news, and is that more than chance?"""

__version__ = "0.1.0"
