"""Into the store: prices, news and events from files, each load one transaction or a journalled series of them."""
