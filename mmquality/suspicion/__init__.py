"""What makes a listing suspect without a label: its neighbours, swapped photos, and how both are weighed."""
