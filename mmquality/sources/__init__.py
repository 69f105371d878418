"""Where listings come from one after another: a folder of files, a table that grows, a Kafka topic."""

from mmquality.sources.folder import Folder
from mmquality.sources.kafka import Topic
from mmquality.sources.seam import Batch, Change, Letter, Source, batch_of
from mmquality.sources.table import Columns, GrowingTable

__all__ = ["Batch", "Change", "Columns", "Folder", "GrowingTable", "Letter", "Source", "Topic", "batch_of"]
