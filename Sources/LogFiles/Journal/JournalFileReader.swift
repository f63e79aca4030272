internal import NIOCore
internal import RecordBatch

/// Walks the rounds of one journal file, trusting nothing: every length is checked against the file, every byte
/// against a CRC, and after damage the search continues block by block for a later round of the same use.
struct JournalFileReader: ~Copyable {
    struct Round {
        var header: JournalFormat.RoundHeader
        var position: Int64
        /// The body, or `nil` when the round lies before `floor`.
        var body: ByteBuffer?
    }

    let file: File
    let sizeBytes: Int64
    let journalID: UInt64
    let sequence: UInt64
    /// Rounds before this one are walked past without reading their bodies.
    var floor: UInt64 = 0
    /// The number that the next round must have at least.
    private(set) var nextNumber: UInt64
    /// Where the next round is expected: the end of the last valid one.
    private(set) var end: Int64
    /// A round with a sound header and a damaged body was met after the last valid one.
    private(set) var sawTornRound = false
    /// Rounds from this number on belong to a later file; what lies here under those numbers was torn in a crash.
    private let numberLimit: UInt64
    private let window: AlignedBuffer
    private var windowStart: Int64 = 0
    private var windowCount = 0

    init(
        file: File,
        sizeBytes: Int64,
        journalID: UInt64,
        sequence: UInt64,
        firstNumber: UInt64,
        numberLimit: UInt64 = .max
    ) {
        self.file = file
        self.sizeBytes = sizeBytes
        self.journalID = journalID
        self.sequence = sequence
        self.nextNumber = firstNumber
        self.numberLimit = numberLimit
        self.end = Int64(JournalFormat.blockBytes)
        self.window = AlignedBuffer(byteCount: 256 << 10)
    }

    /// The next valid round, or `nil` at the end. A number above `nextNumber`, as it was before the call, means that
    /// the rounds between are lost.
    mutating func next() throws(FileError) -> Round? {
        var position = self.end
        while position <= self.sizeBytes - Int64(JournalFormat.blockBytes) {
            guard let header = try self.header(at: position) else {
                position += Int64(JournalFormat.blockBytes)
                continue
            }
            if header.number < self.floor {
                self.accept(header, at: position)
                return Round(header: header, position: position, body: nil)
            }
            if let body = try self.body(of: header, at: position) {
                self.accept(header, at: position)
                return Round(header: header, position: position, body: body)
            }
            self.sawTornRound = true
            position += Int64(header.roundBytes)
        }
        return nil
    }

    /// Whether the body of a round that was passed without reading it is whole.
    func isSound(_ round: Round) throws(FileError) -> Bool {
        try self.body(of: round.header, at: round.position) != nil
    }

    private mutating func accept(_ header: JournalFormat.RoundHeader, at position: Int64) {
        self.sawTornRound = false
        self.nextNumber = header.number + 1
        self.end = position + Int64(header.roundBytes)
    }

    /// A header of this use whose round fits into the file.
    private mutating func header(at position: Int64) throws(FileError) -> JournalFormat.RoundHeader? {
        let offset = Int(position - self.windowStart)
        if offset < 0 || offset + JournalFormat.headerBytes > self.windowCount {
            self.windowStart = position
            let wanted = Int(min(Int64(self.window.bytes.count), self.sizeBytes - position))
            self.windowCount = try self.file.read(
                into: UnsafeMutableRawBufferPointer(rebasing: self.window.bytes[..<wanted]),
                at: position
            )
            if self.windowCount < JournalFormat.headerBytes { return nil }
        }
        let start = Int(position - self.windowStart)
        let bytes = UnsafeRawBufferPointer(
            rebasing: self.window.bytes[start..<(start + JournalFormat.headerBytes)]
        )
        guard let header = JournalFormat.decodeRoundHeader(bytes),
            header.journalID == self.journalID, header.sequence == self.sequence,
            header.number >= self.nextNumber, header.number < self.numberLimit,
            Int64(header.roundBytes) <= self.sizeBytes - position
        else { return nil }
        return header
    }

    private func body(
        of header: JournalFormat.RoundHeader,
        at position: Int64
    ) throws(FileError) -> ByteBuffer? {
        var body = ByteBuffer()
        let start = position + Int64(JournalFormat.headerBytes)
        // At most the file's remaining size, which `header` was checked against.
        let count = try self.file.read(into: &body, count: header.bodyBytes, at: start)
        guard count == header.bodyBytes else { return nil }
        let crc = body.withUnsafeReadableBytes { CRC32C.checksum($0) }
        return crc == header.bodyCRC ? body : nil
    }
}
