package import Model

/// What happened to a registry.
package enum RegistryEvent: Sendable {
    case leaseRequested(LeaseRequest, from: HostAddress)
    case leaseReleased(ServerLife)
    case deathReported(DeathReport)
    /// The server at the checked address answered, and this is the life that it lives.
    case checkAnswered(number: UInt64, by: ServerLife)
    /// Refused, closed, not authenticated or silent.
    case checkFailed(number: UInt64)
    /// Another registry, whose identity the link proved, says something.
    case messageReceived(RegistryMessage)
    /// The last link with a process has closed; nothing where it is no registry's.
    case linkClosed(ServerLife)
    /// This registry stops.
    case stopRequested
    case timerFired
}

/// What a registry wants done.
package enum RegistryEffect: Hashable, Sendable {
    /// The answer to the `leaseRequested` of the same call: exactly one each.
    case answerLease(LeaseAnswer)
    /// Ask the server at `peer` who it is, in an application message, and come back by `deadline`.
    case check(number: UInt64, life: ServerLife, peer: Endpoint, deadline: MonotonicTime)
    /// Tell the registry at this peer port; nothing is to be done where it does not get there.
    case send(RegistryMessage, to: Endpoint)
    /// Call `timerFired` at this time; replaces the timer before.
    case setTimer(MonotonicTime)
    case noteGranted(ServerLife, Role)
    case noteRemoved(ServerLife, RemovalReason)
    /// Another registry is there now, or is not any more.
    case noteRegistry(RegistryIdentity, isLive: Bool)
    /// What became of the signature of a packet from the DNS port.
    case noteSignature(SignatureVerdict)
    /// What became of a dynamic update.
    case noteUpdate(UpdateOutcome)
    /// The zone has changed: another serial.
    case noteChanged(serial: UInt32)
}
