import Catalogue
import Model
import Platform
import SQLiteStore
import Testing
import TestTools

struct ReferenceTests {
    private func reference(_ chunk: Int, _ recording: Int) -> ChunkReference {
        ChunkReference(chunk: hash(1_000 + chunk), recording: hash(recording))
    }

    @Test func `a chunk is needed while any of its recordings is alive`() async throws {
        let folder = try TemporaryFolder()
        let store = try await openStore(folder)
        try await store.add(song("One", content: 1))
        try await store.add(song("Two", content: 2))
        try await store.refer([reference(1, 1), reference(2, 1), reference(2, 2), reference(3, 3)])
        let all = (1...3).map { hash(1_000 + $0) }
        #expect(
            try await store.needed(all.map { ChunkReference(chunk: $0, recording: hash(9)) }).keys.sorted()
                == all.prefix(2).sorted())
        _ = try await store.change(song("One").id) { $0?.deleted(at: stamp(2_000)) }
        #expect(try await store.needed([reference(1, 1), reference(2, 1), reference(3, 3)]) == [all[1]: hash(2)])
        // Of one whose reference only the asker knows too.
        #expect(try await store.needed([reference(4, 2)]) == [hash(1_004): hash(2)])
    }

    @Test func `the chunks are listed page by page in their order, each once, with what they are`() async throws {
        let folder = try TemporaryFolder()
        let store = try await openStore(folder)
        try await store.add(song("One", content: 1))
        for chunk in 1...25 { try await store.refer([reference(chunk, chunk % 2), reference(chunk, 7)]) }
        var listed: [(chunk: ContentHash, isNeeded: Bool)] = []
        repeat {
            let page = try await store.chunks(after: listed.last?.chunk, limit: 10)
            listed += page
            if page.count < 10 { break }
        } while true
        #expect(listed.map(\.chunk) == (1...25).map { hash(1_000 + $0) }.sorted())
        let needed = Set((1...25).filter { $0 % 2 == 1 }.map { hash(1_000 + $0) })
        #expect(Set(listed.filter(\.isNeeded).map(\.chunk)) == needed)
    }

    @Test func `references outlive the process, are kept once, and are forgotten but for what is coming`() async throws
    {
        let folder = try TemporaryFolder()
        let store = try await openStore(folder)
        try await withThrowingTaskGroup { group in
            for chunk in 0..<40 {
                group.addTask { try await store.refer([reference(chunk % 20, 1), reference(chunk % 20, 2)]) }
            }
            try await group.waitForAll()
        }
        await store.close()
        let again = try await openStore(folder)
        let chunks = (0..<20).map { hash(1_000 + $0) }
        #expect(try await again.references(of: chunks).count == 40)
        let coming = chunks[3]
        try await again.forget(chunks) { $0 == coming }
        #expect(try await again.references(of: chunks).map(\.chunk) == [coming, coming])
    }

    @Test func `references that cannot be written fail all who wait for them`() async throws {
        let folder = try TemporaryFolder()
        let store = try await openStore(folder)
        await store.close()
        for chunk in 0..<3 {
            await #expect(throws: StoreError.self) { try await store.refer([reference(chunk, 1)]) }
        }
    }
}
