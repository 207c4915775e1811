"""Rows of one file and of another become blocks of aligned rows."""
