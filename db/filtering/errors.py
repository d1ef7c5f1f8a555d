"""What is wrong with a filter, told to who wrote it."""


class FilterError(ValueError):
    """The filter cannot be read or does not fit what it filters; the message is a sentence that says where or what."""

    parameter = "filter"
