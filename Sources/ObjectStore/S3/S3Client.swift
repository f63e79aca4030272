internal import KinesisProtocol
package import Model
package import NIOCore
internal import NIOHTTP1
internal import Synchronization
internal import Text

/// A bucket of S3 or of a store that speaks its API: one attempt for each call (`RetryingObjectStore` repeats).
///
/// Signature Version 4 by our own signer. Over plain text the bodies are signed as well; TLS protects them itself.
/// Checksums of S3's own are not asked for: stores differ in them, and what is written here carries its CRC-32C inside.
package final class S3Client: ObjectStore {
    private static let unsignedPayload = "UNSIGNED-PAYLOAD"
    /// Of answers that are not objects: a page of a listing has about half of it.
    private static let documentBytesMax = 4 << 20

    private let settings: S3Settings
    private let pool: HTTPConnectionPool
    private let signer: Mutex<RequestSigner>
    private let now: @Sendable () -> Timestamp

    /// - Parameter now: the time, for signatures.
    package init(_ settings: S3Settings, group: any EventLoopGroup, now: @escaping @Sendable () -> Timestamp) {
        self.settings = settings
        self.pool = HTTPConnectionPool(settings, group: group)
        self.signer = Mutex(RequestSigner(keys: settings.keys, region: settings.region, service: "s3"))
        self.now = now
    }

    /// Ends idle connections; later calls fail with `.closed`.
    package func close() { self.pool.close() }

    private func fullName(_ name: String) -> String { self.settings.prefix + name }

    // MARK: Objects

    package func put(_ name: String, _ body: [ByteBuffer], ifAbsent: Bool) async throws(ObjectStoreError) {
        var request = S3Request(method: "PUT", name: self.fullName(name), body: body)
        if ifAbsent { request.headers.append((name: "If-None-Match", value: "*")) }
        _ = try await self.answer(to: request)
    }

    package func get(_ name: String, range: Range<Int>?) async throws(ObjectStoreError) -> ByteBuffer {
        var request = S3Request(method: "GET", name: self.fullName(name))
        guard let range else {
            let answer = try await self.answer(to: request, bytesMax: .max)
            if let length = answer.headers.first(name: "content-length").flatMap({ Int($0) }),
                length != answer.body.readableBytes
            {
                throw ObjectStoreError(
                    .truncated,
                    "\(name) ended after \(answer.body.readableBytes) of \(length) bytes"
                )
            }
            return answer.body
        }
        guard !range.isEmpty else { return ByteBuffer() }
        request.headers.append((name: "Range", value: "bytes=\(range.lowerBound)-\(range.upperBound - 1)"))
        let answer = try await self.answer(to: request, bytesMax: max(range.count, Self.documentBytesMax))
        let served = answer.headers.first(name: "content-range")
        guard answer.status == 206, let served, let first = Self.rangeStart(served), first == range.lowerBound else {
            throw ObjectStoreError(.truncated, "\(name): asked for \(range), answered \(served ?? "all of it")")
        }
        guard answer.body.readableBytes == range.count else {
            let isWhole = Self.rangeCount(served) == answer.body.readableBytes
            throw ObjectStoreError(
                isWhole ? .rangeNotSatisfiable : .truncated,
                "\(name): asked for \(range), got \(answer.body.readableBytes) bytes"
            )
        }
        return answer.body
    }

    /// The first position of `bytes A-B/SIZE`.
    private static func rangeStart(_ header: String) -> Int? {
        guard header.hasPrefix("bytes ") else { return nil }
        return Int(header.dropFirst(6).prefix { $0 != "-" })
    }

    /// How many bytes `bytes A-B/SIZE` has.
    private static func rangeCount(_ header: String) -> Int? {
        let parts = header.dropFirst(6).prefix { $0 != "/" }.split(separator: "-")
        guard parts.count == 2, let first = Int(parts[0]), let last = Int(parts[1]) else { return nil }
        return last - first + 1
    }

    package func size(of name: String) async throws(ObjectStoreError) -> Int? {
        do throws(ObjectStoreError) {
            let answer = try await self.answer(to: S3Request(method: "HEAD", name: self.fullName(name)))
            guard let size = answer.headers.first(name: "content-length").flatMap({ Int($0) }) else {
                throw ObjectStoreError(.truncated, "\(name) is there, but its size is not told")
            }
            return size
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    package func delete(_ names: [String]) async throws(ObjectStoreError) {
        precondition(names.count <= ObjectStoreLimits.deletionsMax, "too many names for one request")
        guard !names.isEmpty else { return }
        var document = "<Delete><Quiet>true</Quiet>"
        for name in names { document += "<Object><Key>\(XMLElement.escaped(self.fullName(name)))</Key></Object>" }
        document += "</Delete>"
        let bytes = Array(document.utf8)
        let digest = bytes.withUnsafeBytes { MD5.digest($0) }
        let checksum = Self.base64(digest)
        let answer = try await self.answer(
            to: S3Request(
                method: "POST",
                query: [(name: "delete", value: "")],
                headers: [(name: "Content-MD5", value: checksum), (name: "Content-Type", value: "application/xml")],
                body: [ByteBuffer(bytes: bytes)]
            )
        )
        let root = try Self.document(answer)
        if let refused = root.all("Error").first(where: { $0["Code"]?.text != "NoSuchKey" }) {
            throw S3Failure.error(
                status: 500,
                code: refused["Code"]?.text ?? "",
                message: refused["Message"]?.text ?? ""
            )
        }
    }

    package func list(prefix: String, after: String) async throws(ObjectStoreError) -> ObjectPage {
        var query = [
            (name: "list-type", value: "2"), (name: "max-keys", value: "1000"),
            (name: "prefix", value: self.fullName(prefix)),
        ]
        if !after.isEmpty { query.append((name: "start-after", value: self.fullName(after))) }
        let root = try Self.document(try await self.answer(to: S3Request(method: "GET", query: query)))
        var entries: [ObjectPage.Entry] = []
        for content in root.all("Contents") {
            guard let name = content["Key"]?.text, name.hasPrefix(self.settings.prefix),
                let size = (content["Size"]?.text).flatMap({ Int($0) })
            else { throw Self.malformed }
            entries.append(ObjectPage.Entry(name: String(name.dropFirst(self.settings.prefix.count)), size: size))
        }
        return ObjectPage(entries: entries, hasMore: root["IsTruncated"]?.text == "true" && !entries.isEmpty)
    }

    // MARK: Uploads in parts

    package func beginUpload(_ name: String) async throws(ObjectStoreError) -> ObjectUpload {
        let request = S3Request(method: "POST", name: self.fullName(name), query: [(name: "uploads", value: "")])
        guard let id = try Self.document(try await self.answer(to: request))["UploadId"]?.text, !id.isEmpty else {
            throw Self.malformed
        }
        return ObjectUpload(name: name, id: id)
    }

    package func putPart(
        _ upload: ObjectUpload,
        number: Int,
        _ body: [ByteBuffer]
    ) async throws(ObjectStoreError) -> ObjectPart {
        let query = [(name: "partNumber", value: "\(number)"), (name: "uploadId", value: upload.id)]
        let answer = try await self.answer(
            to: S3Request(method: "PUT", name: self.fullName(upload.name), query: query, body: body)
        )
        guard let tag = answer.headers.first(name: "etag") else { throw Self.malformed }
        return ObjectPart(number: number, tag: tag)
    }

    package func completeUpload(_ upload: ObjectUpload, _ parts: [ObjectPart]) async throws(ObjectStoreError) {
        var document = "<CompleteMultipartUpload>"
        for part in parts {
            let tag = XMLElement.escaped(part.tag)
            document += "<Part><PartNumber>\(part.number)</PartNumber><ETag>\(tag)</ETag></Part>"
        }
        document += "</CompleteMultipartUpload>"
        let answer = try await self.answer(
            to: S3Request(
                method: "POST",
                name: self.fullName(upload.name),
                query: [(name: "uploadId", value: upload.id)],
                headers: [(name: "Content-Type", value: "application/xml")],
                body: [ByteBuffer(string: document)]
            )
        )
        // The answer begins before the store is done, so that an error may follow a good status.
        let root = try Self.document(answer)
        if root.name == "Error" {
            throw S3Failure.error(status: 500, code: root["Code"]?.text ?? "", message: root["Message"]?.text ?? "")
        }
    }

    package func abortUpload(_ upload: ObjectUpload) async throws(ObjectStoreError) {
        let query = [(name: "uploadId", value: upload.id)]
        do throws(ObjectStoreError) {
            _ = try await self.answer(
                to: S3Request(method: "DELETE", name: self.fullName(upload.name), query: query)
            )
        } catch {
            guard error.code == .notFound else { throw error }
        }
    }

    // MARK: Requests

    /// Makes the bucket; one that is ours already is fine. For tests and `make cluster`.
    package func createBucket() async throws(ObjectStoreError) {
        do throws(ObjectStoreError) {
            _ = try await self.answer(to: S3Request(method: "PUT"))
        } catch {
            guard error.message.contains("BucketAlreadyOwnedByYou") else { throw error }
        }
    }

    private static let malformed = ObjectStoreError(.truncated, "the store's answer cannot be read")

    private static func document(_ answer: HTTPAnswer) throws(ObjectStoreError) -> XMLElement {
        do {
            return try XMLElement.document(answer.body.readableBytesView)
        } catch {
            throw Self.malformed
        }
    }

    private func answer(
        to request: S3Request,
        bytesMax: Int = S3Client.documentBytesMax
    ) async throws(ObjectStoreError) -> HTTPAnswer {
        let answer = try await self.pool.exchange(self.signed(request, bytesMax: bytesMax))
        guard (200..<300).contains(answer.status) else { throw S3Failure.error(answer) }
        return answer
    }

    private func signed(_ request: S3Request, bytesMax: Int) -> HTTPRequestMessage {
        let digest = self.settings.tls == nil ? Self.digest(request.body) : Self.unsignedPayload
        var headers = request.headers
        headers.append((name: "Host", value: self.settings.hostHeader))
        headers.append((name: "x-amz-content-sha256", value: digest))
        let path = request.path(self.settings)
        let query = request.queryText
        let added = self.signer.withLock { signer in
            signer.sign(
                method: request.method,
                path: path,
                query: query,
                headers: headers,
                bodyDigest: digest,
                at: self.now()
            )
        }
        headers += added
        if request.method == "PUT" || request.method == "POST" {
            headers.append((name: "Content-Length", value: "\(request.bodyBytes)"))
        }
        return HTTPRequestMessage(
            method: request.method,
            target: query.isEmpty ? path : "\(path)?\(query)",
            headers: headers,
            body: request.body,
            answerBytesMax: bytesMax
        )
    }

    private static func base64(_ digest: UInt128) -> String {
        String(unsafeUninitializedCapacity: Base64.encodedCount(of: 16)) { target in
            withUnsafeBytes(of: digest.bigEndian) { Base64.encode($0, into: UnsafeMutableRawBufferPointer(target)) }
        }
    }

    private static func digest(_ body: [ByteBuffer]) -> String {
        var hasher = SHA256Hasher()
        for part in body { part.withUnsafeReadableBytes { hasher.update($0) } }
        return hasher.hex()
    }
}
