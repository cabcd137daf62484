package import Model

/// A question to a registry, and the reading of its answer: the client's side of the DNS.
package struct DNSQuery: Hashable, Sendable {
    /// Random, from the system: an answer that does not repeat it is somebody else's.
    package let id: UInt16
    package let question: DNSQuestion

    package init(id: UInt16, _ name: DomainName, _ type: RecordType) {
        self.id = id
        question = DNSQuestion(name, type)
    }

    /// The packet: one question, no recursion, and EDNS with the size that fits every path.
    package var bytes: [UInt8] {
        var message = DNSMessage(header: DNSHeader(id: id))
        message.questions = [question]
        let option = DNSRecord(
            .root, .opt, ttl: 0, .unknown([]), recordClass: RecordClass(UInt16(EDNS.payload)))
        message.additionals = [option]
        return message.bytes
    }

    /// Reads the answer to this query.
    /// - Throws: `DNSError`; `foreign` where the id or the question is another one's.
    package func answer(parsing bytes: [UInt8]) throws(DNSError) -> DNSAnswer {
        let message = try DNSMessage(parsing: bytes)
        guard message.header.isResponse, message.header.id == id, message.header.opcode == .query else {
            throw DNSError(reason: .foreign, offset: 0)
        }
        // Some answer format errors without the question (RFC 1035 leaves it open).
        guard message.questions == [question] || message.questions.isEmpty && message.header.code != .noError else {
            throw DNSError(reason: .foreign, offset: 12)
        }
        return DNSAnswer(message, to: question)
    }
}

/// What a registry answered.
package struct DNSAnswer: Hashable, Sendable {
    /// One place where a service is offered; its address comes from the additional records.
    package struct Service: Hashable, Sendable {
        package var target: DomainName
        package var port: UInt16
        package var address: HostAddress?

        package var endpoint: Endpoint? { address.map { Endpoint($0, port) } }
    }

    package let code: ResponseCode
    /// Ask again over TCP.
    package let isTruncated: Bool
    /// The A records of the name, in the order of the answer.
    package let addresses: [HostAddress]
    /// The SRV records of the name, in the order of the answer.
    package let services: [Service]
    /// The TXT strings of the name.
    package let texts: [String]

    init(_ message: DNSMessage, to question: DNSQuestion) {
        code = message.header.code
        isTruncated = message.header.isTruncated
        let own = message.answers.filter { $0.name == question.name && $0.type == question.type }
        addresses = own.compactMap { if case .address(let address) = $0.data { address } else { nil } }
        var known: [DomainName: HostAddress] = [:]
        for record in message.additionals {
            if case .address(let address) = record.data { known[record.name] = address }
        }
        services = own.compactMap { record in
            guard case .service(let location) = record.data else { return nil }
            return Service(target: location.target, port: location.port, address: known[location.target])
        }
        let strings = own.flatMap { record -> [[UInt8]] in
            guard case .text(let strings) = record.data else { return [] }
            return strings
        }
        texts = strings.map { String(decoding: $0, as: UTF8.self) }
    }
}
