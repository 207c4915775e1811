"""How sure a number is: intervals, the bootstrap, paired differences."""
