"""Events on disk, until they are delivered: records in segment files, one journal per process."""
