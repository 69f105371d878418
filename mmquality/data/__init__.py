"""What comes in from outside: catalogue files, photos, click logs, and the sample marketplace.

Everything here is read with suspicion. A row that cannot be used becomes a `RowProblem` and stops nothing; a
file that cannot be used at all raises `InputFileError` with one sentence that names the file and the remedy.
"""
