"""What travels: blocks, columns, keys, cells, and the values that were refused."""
