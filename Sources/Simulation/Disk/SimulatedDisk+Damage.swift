internal import Synchronization

extension SimulatedDisk {
    /// What a disk, or somebody with a shell, does to files at rest.
    package enum Damage: Sendable, CaseIterable {
        case flippedBit
        /// A sector holds what was written to another one.
        case misdirectedWrite
        /// A sector holds what it held when the last process began.
        case lostWrite
        case cutFile
        case lostFile
    }

    /// Damages some file. Call it between two processes.
    ///
    /// - Returns: the path; `nil` when there is no file that can be damaged so.
    package func damage(_ kind: Damage) -> String? {
        let path = self.state.withLock { state -> String? in
            let files = state.files.filter { !state.inodes[$0.inode].data.isEmpty }
            guard !files.isEmpty else { return nil }
            let (path, number) = files[self.random.below(files.count)]
            switch kind {
            case .flippedBit: state.inodes[number].flipBit(self.random.below(state.inodes[number].data.count * 8))
            case .misdirectedWrite:
                let source = state.inodes[files[self.random.below(files.count)].inode].sector(self.random.next())
                state.inodes[number].overwrite(sector: self.random.next(), with: source)
            case .lostWrite:
                guard state.inodes[number].loseWrite(self.random.next()) else { return nil }
            case .cutFile: state.inodes[number].cut(to: self.random.below(state.inodes[number].data.count))
            case .lostFile: state.lose(path)
            }
            return path
        }
        if let path { self.scheduler.note("damage \(kind) \(path)") }
        return path
    }
}

extension SimulatedInode {
    /// The bytes of one of its sectors.
    func sector(_ number: UInt64) -> [UInt8] {
        let start = Int(number % UInt64(self.sectorCount)) * Self.sectorBytes
        return Array(self.data[start..<min(start + Self.sectorBytes, self.data.count)])
    }

    var sectorCount: Int { (self.data.count + Self.sectorBytes - 1) / Self.sectorBytes }
}
