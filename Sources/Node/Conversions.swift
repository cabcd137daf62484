internal import Crypto
internal import Platform

extension PeerSecret {
    init(_ key: ClusterKey) { self.init(identity: key.peerIdentity, key: key.peerKey) }
}

extension StreamError {
    /// The same for an operator.
    var reason: String {
        switch self {
        case .failed(98): "another program uses it"
        case .failed(99): "this machine does not have that address"
        case .failed(13): "it needs more rights; use a port above 1023"
        default: "\(self)"
        }
    }
}
