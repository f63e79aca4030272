internal import LogObjects
internal import NIOCore
internal import ObjectStore

/// Sends a compacted object on while it is made: in one write when it is small, else in parts.
struct ObjectWriter {
    /// Beyond it a part is sent.
    static let partBytes = 8 << 20

    private let objects: any ObjectStore
    private let name: String
    private var upload: ObjectUpload?
    private var parts: [ObjectPart] = []
    private var pending: [ByteBuffer] = []
    private var pendingBytes = 0

    init(_ objects: any ObjectStore, _ name: CompactedObjectName) {
        self.objects = objects
        self.name = name.description
    }

    /// Takes over what the builder has made.
    mutating func take(_ builder: inout CompactedObjectBuilder) async throws(ObjectStoreError) {
        self.pendingBytes += builder.pendingBytes
        self.pending += builder.takePending()
        if self.pendingBytes >= Self.partBytes { try await self.sendPart() }
    }

    private mutating func sendPart() async throws(ObjectStoreError) {
        let upload: ObjectUpload
        if let known = self.upload { upload = known } else { upload = try await self.objects.beginUpload(self.name) }
        self.upload = upload
        self.parts.append(try await self.objects.putPart(upload, number: self.parts.count + 1, self.pending))
        self.pending = []
        self.pendingBytes = 0
    }

    /// Writes the end; then the object is there.
    mutating func finish(_ builder: inout CompactedObjectBuilder) async throws(ObjectStoreError) {
        builder.finish()
        self.pendingBytes += builder.pendingBytes
        self.pending += builder.takePending()
        guard self.upload != nil else { return try await self.objects.put(self.name, self.pending) }
        try await self.sendPart()
        if let upload { try await self.objects.completeUpload(upload, self.parts) }
    }

    /// Forgets the parts of an object that is not completed.
    func abort() async {
        guard let upload else { return }
        do throws(ObjectStoreError) {
            try await self.objects.abortUpload(upload)
        } catch {
            // The store forgets it by its own rules.
        }
    }
}
