"""Big files to files of answers, and labelled files to figures."""
