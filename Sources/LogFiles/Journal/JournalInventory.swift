/// What `Journal.open` finds in the directory: the files, what is still needed of them, and where numbering continues.
struct JournalInventory {
    var journalID: UInt64
    var free: [JournalRing.Slot] = []
    var live: [JournalRing.Slot] = []
    var sources: [JournalReplay.Source] = []
    var floor: UInt64 = 1
    var nextRound: UInt64 = 1
    var nextSequence: UInt64 = 1
    /// Files that are needed and shorter than they are made: their last rounds are gone without a trace.
    var cut: [String] = []

    private struct Found {
        var name: String
        var file: File
        var sizeBytes: Int64
        var header: JournalFormat.FileHeader?
        var isOtherVersion: Bool
        var sequence: UInt64
        var firstRound: UInt64
    }

    /// Reads one block per file, and the newest file whole to find its last round.
    ///
    /// - Parameters:
    ///   - newID: the journal's ID should there be none yet.
    ///   - isReadOnly: nothing is forced and nothing is removed: for inspections.
    init(
        directory: Directory,
        settings: JournalSettings,
        newID: UInt64,
        isReadOnly: Bool = false
    ) throws(JournalError) {
        self.journalID = newID
        var found = try JournalError.wrap { () throws(FileError) in try Self.files(in: directory) }
        if let other = found.first(where: { $0.isOtherVersion }) {
            throw .incompatible("\(other.file.path) was written by another version of Millrace")
        }
        let ids = Set(found.compactMap { $0.header?.journalID })
        guard ids.count <= 1 else {
            throw .incompatible("\(directory.path) mixes the files of \(ids.count) journals")
        }
        self.journalID = try JournalError.wrap { () throws(FileError) in
            try Self.identify(&found, journalID: ids.first) ?? newID
        }
        try self.classify(found, directory: directory, settings: settings, isReadOnly: isReadOnly)
    }

    private mutating func classify(
        _ found: [Found],
        directory: Directory,
        settings: JournalSettings,
        isReadOnly: Bool
    ) throws(JournalError) {
        let used = found.filter { $0.sequence > 0 }.sorted { $0.sequence < $1.sequence }
        for (left, right) in zip(used, used.dropFirst()) where left.sequence == right.sequence {
            throw .incompatible("\(left.file.path) and \(right.file.path) are copies of each other")
        }
        if let newest = used.last {
            try JournalError.wrap { () throws(FileError) in
                // A crash of the process alone may have left the last round in a cache: it must not be replayed now and
                // be gone after a power cut.
                if !isReadOnly { try directory.open(newest.name, options: .write).synchronizeData() }
                try self.readNewest(newest)
            }
        }
        var dropped = found.filter { $0.sequence == 0 }
        for (index, file) in used.enumerated() {
            let end = index + 1 < used.count ? used[index + 1].firstRound : self.nextRound
            if end <= self.floor {
                dropped.append(file)
                continue
            }
            if file.sizeBytes < settings.fileBytes { self.cut.append(file.file.path) }
            self.live.append(Self.slot(file, sequence: file.sequence))
            self.sources.append(
                JournalReplay.Source(
                    name: file.name,
                    sequence: file.sequence,
                    firstRound: file.header?.firstRound,
                    sizeBytes: file.sizeBytes
                )
            )
        }
        for file in dropped {
            if file.sizeBytes == settings.fileBytes {
                self.free.append(Self.slot(file, sequence: 0))
            } else if !isReadOnly {
                try JournalError.wrap { () throws(FileError) in _ = try directory.remove(file.name) }
            }
        }
    }

    /// Finds the last round, and with it the newest floor.
    private mutating func readNewest(_ newest: Found) throws(FileError) {
        self.floor = max(self.floor, newest.header?.floor ?? 0)
        self.nextSequence = newest.sequence + 1
        // Only the last write can be torn, so headers alone tell the way to the last round. Bodies are the replay's.
        var quick = Self.reader(newest, self.journalID)
        quick.floor = .max
        var last: JournalFileReader.Round?
        var floorBefore = self.floor
        while let round = try quick.next() {
            if let last { floorBefore = max(floorBefore, last.header.floor) }
            last = round
        }
        if let last, try quick.isSound(last) {
            self.floor = max(floorBefore, last.header.floor)
            self.nextRound = max(self.nextRound, quick.nextNumber)
            return
        }
        var reader = Self.reader(newest, self.journalID)
        while let round = try reader.next() { self.floor = max(self.floor, round.header.floor) }
        self.nextRound = max(self.nextRound, reader.nextNumber)
    }

    private static func reader(_ file: Found, _ journalID: UInt64) -> JournalFileReader {
        JournalFileReader(
            file: file.file,
            sizeBytes: file.sizeBytes,
            journalID: journalID,
            sequence: file.sequence,
            firstNumber: file.firstRound
        )
    }

    private static func slot(_ file: Found, sequence: UInt64) -> JournalRing.Slot {
        JournalRing.Slot(
            name: file.name,
            sequence: sequence,
            firstRound: file.firstRound,
            sizeBytes: file.sizeBytes,
            isWritten: file.header?.isWritten ?? false
        )
    }
}

extension JournalInventory {
    private static func files(in directory: Directory) throws(FileError) -> [Found] {
        var found: [Found] = []
        for entry in try directory.entries() where !entry.isDirectory && JournalRing.isName(entry.name) {
            let file = try directory.open(entry.name)
            var bytes = [UInt8](repeating: 0, count: JournalFormat.headerBytes)
            let count = try bytes.withUnsafeMutableBufferPointer { (buffer) throws(FileError) in
                try file.read(into: UnsafeMutableRawBufferPointer(buffer), at: 0)
            }
            let header = bytes.withUnsafeBytes {
                JournalFormat.decodeFileHeader(UnsafeRawBufferPointer(rebasing: $0[..<count]))
            }
            let isOurs = bytes.prefix(6).elementsEqual("MRJRNL".utf8)
            found.append(
                Found(
                    name: entry.name,
                    file: file,
                    sizeBytes: try file.size(),
                    header: header,
                    isOtherVersion: isOurs && !bytes[6..<8].elementsEqual("01".utf8),
                    sequence: header?.sequence ?? 0,
                    firstRound: header?.firstRound ?? 0
                )
            )
        }
        return found
    }

    /// Looks into files without a sound header for rounds: such a file is either new or damaged.
    ///
    /// - Parameter journalID: as the other files say; otherwise the first round found says.
    /// - Returns: the journal's ID, if anything told.
    private static func identify(_ found: inout [Found], journalID: UInt64?) throws(FileError) -> UInt64? {
        var journalID = journalID
        for index in found.indices where found[index].header == nil {
            var sequence: UInt64 = 0
            var firstRound: UInt64 = 0
            try Self.scan(found[index].file, sizeBytes: found[index].sizeBytes) { header in
                if journalID == nil { journalID = header.journalID }
                guard header.journalID == journalID, header.sequence > sequence else { return }
                sequence = header.sequence
                firstRound = header.number
            }
            found[index].sequence = sequence
            found[index].firstRound = firstRound
        }
        return journalID
    }

    private static func scan(
        _ file: File,
        sizeBytes: Int64,
        body: (JournalFormat.RoundHeader) -> Void
    ) throws(FileError) {
        let window = AlignedBuffer(byteCount: 256 << 10)
        var position: Int64 = 0
        while position < sizeBytes {
            let count = try file.read(into: window.bytes, at: position)
            if count == 0 { return }
            for start in stride(from: 0, to: count, by: JournalFormat.blockBytes) {
                let end = min(start + JournalFormat.headerBytes, count)
                let bytes = UnsafeRawBufferPointer(rebasing: window.bytes[start..<end])
                if let header = JournalFormat.decodeRoundHeader(bytes) { body(header) }
            }
            position += Int64(count)
        }
    }
}

extension JournalError {
    init(_ error: FileError) {
        if error.isDiskFull {
            self = .diskFull(error)
        } else {
            self = error.isTransient ? .transient(error) : .storage(error)
        }
    }

    static func wrap<Value>(_ body: () throws(FileError) -> Value) throws(JournalError) -> Value {
        do throws(FileError) {
            return try body()
        } catch {
            throw JournalError(error)
        }
    }
}
