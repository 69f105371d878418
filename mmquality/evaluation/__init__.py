"""How good it is: metrics of the mismatch ranking and of recall, against a truth kept apart."""
