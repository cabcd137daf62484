internal import Model

extension Registry {
    /// What the zone says to a question of class IN for a name in it.
    mutating func prepared(for question: DNSQuestion) -> PreparedAnswer {
        if let known = answers[question.name, question.type] { return known }
        let answer = prepare(question)
        answers[question.name, question.type] = answer
        return answer
    }

    private func prepare(_ question: DNSQuestion) -> PreparedAnswer {
        guard let node = zone.node(at: question.name) else { return negative(.nameError, to: question) }
        // A type that no name of this kind has: nobody needs to be counted for that, whatever is asked how often.
        if hasEnded, !node.mayHave(question.type) { return negative(.noError, to: question) }
        var sheet = AnswerSheet(question)
        switch node {
        case .apex: apex(&sheet)
        case .set(let set):
            if !isKnown(set) { return notReady }
            let servers = servers(of: set)
            if servers.isEmpty, !hasEnded { return notReady }
            for server in servers { address(server, &sheet) }
        case .service(let service):
            if !isKnown(service.set) { return notReady }
            if servers(of: service.set).isEmpty, !hasEnded { return notReady }
            location(service, &sheet)
        case .empty: break
        case .server(let id):
            guard let server = server(id) else {
                if knowsServers && hasEnded { return negative(.nameError, to: question) }
                // A server's name has no SOA of its own, whoever is there; nsupdate asks to learn the zone.
                return question.type == .soa ? negative(.noError, to: question) : notReady
            }
            address(server, &sheet)
            if question.type == .txt { sheet.answer(.text(server.texts.map { Array($0.utf8) }), ttl: Self.ttl) }
        }
        if question.type == .any { sheet.refuseAny(ttl: Self.ttl) }
        return sheet.prepared.answers.isEmpty ? negative(.noError, to: question) : sheet.prepared
    }

    /// Whether the time is over in which this registry, which started empty, may still be missing servers.
    private var hasEnded: Bool { latest >= fillsUntil }

    private func isKnown(_ set: ServerSet) -> Bool { set == .registry || knowsServers }

    private var notReady: PreparedAnswer { PreparedAnswer(code: .serverFailure, error: .notReady) }

    /// The answer that there is nothing: the zone's own record says for how long that holds (RFC 2308 §3).
    private func negative(_ code: ResponseCode, to question: DNSQuestion) -> PreparedAnswer {
        var answer = PreparedAnswer(code: code)
        // The zone's name stands at the end of the question's.
        let apex = UInt16(12 + question.name.wire.count - zone.apex.wire.count)
        answer.authority = NegativeRecord(startOfAuthority).bytes(apex: apex)
        return answer
    }

    var startOfAuthority: StartOfAuthority {
        StartOfAuthority(
            server: zone.registry, mailbox: zone.mailbox, serial: serial, refresh: 60, retry: 10, expire: 3600,
            negative: Self.negativeTTL)
    }

    private func apex(_ sheet: inout AnswerSheet) {
        switch sheet.question.type {
        case .soa: sheet.answer(.authority(startOfAuthority), ttl: Self.ttl)
        case .ns:
            sheet.answer(.nameServer(zone.registry), ttl: Self.ttl)
            for server in servers(of: .registry) {
                sheet.add(DNSRecord(zone.registry, .a, ttl: Self.ttl, .address(server.address)))
            }
        default: break
        }
    }

    private func address(_ server: ZoneServer, _ sheet: inout AnswerSheet) {
        if server.isStale { sheet.markStale() }
        if sheet.question.type == .a { sheet.answer(.address(server.address), ttl: Self.ttl) }
    }

    private func location(_ service: ZoneService, _ sheet: inout AnswerSheet) {
        guard sheet.question.type == .srv else { return }
        for (server, target, data) in services(service) {
            if server.isStale { sheet.markStale() }
            sheet.answer(data, ttl: Self.ttl)
            sheet.add(DNSRecord(target, .a, ttl: Self.ttl, .address(server.address)))
        }
    }

    /// The servers that offer a service: a name that came by an update may have no such port.
    func services(_ service: ZoneService) -> [(server: ZoneServer, target: DomainName, data: RecordData)] {
        servers(of: service.set).filter { $0.port(service.port) != 0 }.map { server in
            let target = zone.name(of: server.life.id)
            return (server, target, .service(ServiceLocation(port: server.port(service.port), target: target)))
        }
    }
}

/// An answer in the making: records behind one question.
struct AnswerSheet {
    let question: DNSQuestion
    private let writer: DNSWriter
    private(set) var prepared = PreparedAnswer()

    init(_ question: DNSQuestion) {
        self.question = question
        var writer = DNSWriter(DNSHeader(id: 0))
        writer.append(question)
        self.writer = writer
    }

    func portable(_ record: DNSRecord) -> [UInt8] { writer.portable(record) }

    /// Adds a record of the question's own name and type.
    mutating func answer(_ data: RecordData, ttl: UInt32) {
        prepared.answers.append(portable(DNSRecord(question.name, question.type, ttl: ttl, data)))
    }

    /// Adds an address that the asker will need next.
    mutating func add(_ record: DNSRecord) { prepared.additionals.append(portable(record)) }

    mutating func markStale() { prepared.error = .stale }

    /// Answers ANY with one small record that says why there are no more (RFC 8482 §4.2).
    mutating func refuseAny(ttl: UInt32) {
        let text: [UInt8] = [7] + Array("RFC8482".utf8) + [0]
        prepared.answers = [portable(DNSRecord(question.name, .hinfo, ttl: ttl, .unknown(text)))]
        prepared.error = nil
    }
}

/// The zone's record in answers that there is nothing.
///
/// It depends on the question by one place alone, and made-up names, which are not kept, ask for it: so it is put
/// together by hand.
private struct NegativeRecord {
    private let authority: StartOfAuthority

    init(_ authority: StartOfAuthority) { self.authority = authority }

    /// - Parameter apex: where the zone's name stands in the message.
    func bytes(apex: UInt16) -> [UInt8] {
        let pointer = 0xC000 | apex
        var bytes: [UInt8] = []
        bytes.reserveCapacity(64)
        bytes.append(word: pointer)
        for word in [RecordType.soa.value, RecordClass.internet.value] { bytes.append(word: word) }
        bytes.append(longWord: authority.negative)
        let server = authority.server.firstLabel
        let mailbox = authority.mailbox.firstLabel
        bytes.append(word: UInt16(server.count + mailbox.count + 24))
        bytes += server
        bytes.append(word: pointer)
        bytes += mailbox
        bytes.append(word: pointer)
        bytes.append(longWord: authority.serial)
        bytes.append(longWord: authority.refresh)
        bytes.append(longWord: authority.retry)
        bytes.append(longWord: authority.expire)
        bytes.append(longWord: authority.negative)
        return bytes
    }
}
