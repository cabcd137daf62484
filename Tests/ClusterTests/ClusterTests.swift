import Testing

/// What the spec promises of a real cluster, on real processes. One cluster at a time: the times are promises too.
@Suite(.serialized) enum ClusterTests {}
