internal import HTTP
internal import WebServer

/// Reads the JSON that a request brings.
enum JSONBody {
    /// - Parameter refusal: the answer to what is not such a value.
    /// - Throws: `APIError`: `refusal`, what the value's own decoding throws, 413, 415.
    static func read<Value: Decodable>(
        _ type: Value.Type, _ request: Request, _ body: RequestBody, atMost limit: Int, orElse refusal: APIError
    ) async throws -> Value {
        try checkType(request.headers["Content-Type"])
        let bytes: [UInt8]
        do { bytes = try await body.collect(atMost: limit) } catch { throw error.answer }
        do {
            return try JSONText.decode(type, from: bytes)
        } catch let error as APIError {
            throw error
        } catch {
            throw refusal
        }
    }

    private static func checkType(_ type: String?) throws(APIError) {
        let name = type?.prefix { $0 != ";" }.trimmingPrefix(" ").lowercased() ?? ""
        guard ["application/json", "application/merge-patch+json"].contains(name) else {
            throw APIError(415, "unsupported_type", "Send JSON with Content-Type: application/json.")
        }
    }
}
