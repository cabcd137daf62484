package import Model
package import Wire

extension Ring {
    /// A message on its way from one life of a server to another, as `docs/ring.proto` describes it.
    package struct Envelope: Hashable, Sendable {
        package let from: ServerLife
        /// Nil where any life takes it.
        package let to: ServerLife?
        package let message: Message

        /// - Throws: `ProtobufError` for bytes that are no message of this version.
        package init(decoding bytes: [UInt8]) throws(ProtobufError) {
            let envelope = ProtobufReader.message(bytes)
            from = try ServerLife(envelope.required(1))
            to = try envelope.first(2).map(ServerLife.init)
            var message: Message?
            try envelope.each { field throws(ProtobufError) in message = try Message(field) ?? message }
            guard let message else { throw .missing(field: 3) }
            self.message = message
        }

        /// The bytes of an envelope around a message that is encoded already: one that goes to many is encoded once.
        package static func encode(from: ServerLife, to: ServerLife?, message: [UInt8]) -> [UInt8] {
            var writer = ProtobufWriter()
            writer.life(1, from)
            if let to { writer.life(2, to) }
            writer.raw(message)
            return writer.bytes
        }
    }

    /// The answer of the life that took a message.
    package struct Acknowledgement: Hashable, Sendable {
        package let by: ServerLife

        package init(by life: ServerLife) { by = life }

        /// - Throws: `ProtobufError`.
        package init(decoding bytes: [UInt8]) throws(ProtobufError) {
            by = try ServerLife(ProtobufReader.message(bytes).required(1))
        }

        package var encoded: [UInt8] {
            var writer = ProtobufWriter()
            writer.life(1, by)
            return writer.bytes
        }
    }
}

// The parts that many messages have.
extension ProtobufWriter {
    mutating func life(_ field: Int, _ life: ServerLife) {
        message(field) { writer in
            writer.id(1, life.id)
            writer.integer(2, life.incarnation.value)
        }
    }

    mutating func epoch(_ field: Int, _ epoch: Epoch) {
        message(field) { writer in
            writer.integer(1, epoch.counter)
            writer.id(2, epoch.manager)
        }
    }

    mutating func role(_ field: Int, _ role: Role) { integer(field, role == .data ? 1 : UInt64(2)) }

    mutating func host(_ field: Int, _ host: HostAddress) { integer(field, UInt64(host.value)) }
}

extension ServerLife {
    init(_ field: ProtobufField) throws(ProtobufError) {
        let incarnation = try field.first(2)?.integer() ?? 0
        self.init(id: try field.required(1).id(), incarnation: Incarnation(incarnation))
    }
}

extension Epoch {
    init(_ field: ProtobufField) throws(ProtobufError) {
        self.init(counter: try field.first(1)?.integer() ?? 0, manager: try field.required(2).id())
    }
}

extension TokenMark {
    init(_ field: ProtobufField) throws(ProtobufError) {
        self.init(serial: try field.first(1)?.integer() ?? 0, holder: try field.required(2).id())
    }
}

extension ProtobufField {
    func role() throws(ProtobufError) -> Role {
        switch try integer() {
        case 1: .data
        case 2: .router
        default: try refuse()
        }
    }

    func host() throws(ProtobufError) -> HostAddress { HostAddress(try integer(UInt32.self)) }

    /// A flag of the message that this field is.
    func flag(_ number: Int) throws(ProtobufError) -> Bool { try first(number)?.flag() ?? false }

    /// The fields of this number of the message that this field is, each read by `read`.
    func all<Value>(_ number: Int, _ read: (ProtobufField) throws(ProtobufError) -> Value) throws(ProtobufError)
        -> [Value]
    {
        var values: [Value] = []
        try each { field throws(ProtobufError) in
            if field.number == number { values.append(try read(field)) }
        }
        return values
    }
}
