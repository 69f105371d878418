"""Every error mmquality raises on purpose; each message says what happened, where, and what to do next.

MMQualityError
├── InputFileError      a file given by the user cannot be used at all
├── WorkspaceError      the workspace is missing, incomplete, or of another version
│   ├── NoWorkspaceError    there is none yet
│   ├── WrongDatabaseError  its database is another one than MMQ_DATABASE_URL says
│   ├── NotEncodedError     some of its listings have no vectors yet
│   └── NoRoomError         its disk is full
├── ModelFileError      a checkpoint or an index is damaged or does not fit
│   └── VectorDatabaseError an index is in a database that cannot be reached or does not hold it
├── SourceError         what a watcher reads from cannot be reached, or is not what it should be
├── EncoderError        an encoder cannot be loaded or gives vectors that do not fit
├── EngineError         the machines that should do the work cannot
├── DeviceError         the GPU that was asked for is not there
├── UnknownListingError a listing id that the workspace does not hold
│   └── RemovedListingError it held it once
├── QuestionError       recall is asked for what it cannot give
│   ├── UnknownFilterError  by an attribute that is not kept to filter by
│   └── NotLearntError      with clicks, whose weight nobody has learnt yet
├── ExplanationError    a language model gives no answer that can be used
└── NotAllowedError     somebody asks for what their role does not let them do

Libraries raise these; only the command line and the pages turn them into messages.
"""


class MMQualityError(Exception):
    """Base of everything that is raised on purpose; `str(error)` is fit to be shown to a person."""


class InputFileError(MMQualityError):
    """A file given by the user cannot be used at all (a single bad row is a `RowProblem` instead)."""


class WorkspaceError(MMQualityError):
    """The workspace is missing, incomplete, or of another version."""


class NoWorkspaceError(WorkspaceError):
    """There is no workspace yet, or its database has no tables yet; an import makes both."""


class WrongDatabaseError(WorkspaceError):
    """The workspace's folder and this database do not go together, or the database is not restored yet."""


class DamagedDatabaseError(WorkspaceError):
    """The database's file is not whole any more."""


class NotEncodedError(WorkspaceError):
    """Some of the listings, or what stands beside their titles, have no vectors yet; `encode` makes them."""


class NoRoomError(WorkspaceError):
    """A disk is full: what should be written was not, what was there is as it was."""


class ModelFileError(MMQualityError):
    """A checkpoint or an index is damaged, of another version, or does not fit the data."""


class VectorDatabaseError(ModelFileError):
    """An index is in a database that cannot be reached or does not hold it, or there is no client for it."""


class SourceError(MMQualityError):
    """A table or a topic that listings come from cannot be reached, or is not what it should be."""


class EncoderError(MMQualityError):
    """An encoder cannot be loaded, or its vectors do not fit the listings."""


class DeviceError(MMQualityError):
    """The GPU that was asked for is not there."""


class EngineError(MMQualityError):
    """The machines that should do the work are not there, or failed."""


class UnknownListingError(MMQualityError):
    """A listing id that the workspace does not hold."""


class RemovedListingError(UnknownListingError):
    """Listings, one or more, were removed from the catalogue, and no import has brought them back."""

    def __init__(self, *listing_ids: str) -> None:
        self.listing_ids = listing_ids
        first, many = listing_ids[0], len(listing_ids)
        told = f"Listing {first!r} was" if many == 1 else f"{many:,} listings, {first!r} the first, were"
        back = "it" if many == 1 else "them"
        super().__init__(f"{told} removed from the catalogue. An import brings {back} back.")


class QuestionError(MMQualityError):
    """Recall is asked for what it cannot give: too many neighbours, a threshold that is none, no title."""


class UnknownFilterError(QuestionError):
    """A filter names an attribute whose values are not kept to filter by."""


class NotLearntError(QuestionError):
    """Clicks are to count, and how much was never learnt from the click log."""


class ExplanationError(MMQualityError):
    """A language model gives no answer, or none that can be used."""


class NotAllowedError(MMQualityError):
    """Somebody asks for what their role does not let them do."""
