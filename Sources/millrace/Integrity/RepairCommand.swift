internal import ArgumentParser
internal import Broker
internal import FoundationEssentials
internal import LogCore
internal import LogFiles
internal import Logging
internal import Metadata
internal import MetadataSQLite
internal import Model

struct RepairCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Make good what `millrace check` finds damaged, and keep aside what cannot be made good.",
        discussion: """
            Without --apply it changes nothing and prints what it would do. With --apply it does it: damaged bytes are \
            kept in DATA-DIR/quarantine, the sound rest of their segments serves, indexes, checkpoints and the \
            metadata are made again from what is whole. It prints which offsets are lost; readers are answered an \
            error there. It can be interrupted and run again at any time.

            Exit codes: 0 everything is whole, or became so; 1 damage is left, or would be repaired with --apply; \
            64 the command line is wrong; 66 there is no such data directory; 74 something could not be read or \
            written; 75 a server has the directory open.
            """
    )

    @Argument(help: "The data directory.", completion: .directory)
    var dataDirectory: String

    @Flag(help: "Do it. The default is a dry run, which prints what would be done.")
    var apply = false

    @Flag(help: "Only print what would be done (the default).")
    var dryRun = false

    @Flag(
        help:
            "Make topics that the metadata does not know, or all if both its copies are lost, again from their folders. Their settings, shards and partitions without records are lost."
    )
    var metadataFromFolders = false

    @Option(help: "The node's number, should meta.properties be lost.")
    var nodeID: Int32 = 0

    @OptionGroup var format: InspectionFormat

    func validate() throws {
        if self.apply, self.dryRun { throw ValidationError("--apply and --dry-run exclude each other") }
    }

    func run() async throws {
        try await InspectionExit.run {
            let root = try InspectionExit.openRoot(self.dataDirectory)
            if self.apply {
                let lock = try InspectionExit.lock(root)
                let inspection = InspectionProgress.inspect(root)
                let verdict = try await self.repair(root, inspection, lock)
                try InspectionExit.end(verdict)
            } else {
                let lock = try InspectionExit.lockShared(root)
                let inspection = InspectionProgress.inspect(root)
                try self.printPreview(RepairPreview(inspection, self), inspection, root)
                withExtendedLifetime(lock) {}
                try InspectionExit.end(inspection.report.verdict)
            }
        }
    }

    private func printPreview(_ preview: RepairPreview, _ inspection: Inspection, _ root: Directory) throws {
        let report = inspection.report
        if self.format.isJSON {
            let next = report.verdict == .whole ? nil : "`millrace repair --apply \(root.path)`"
            return try ResultOutput.write(
                InspectionText.json(report, directory: root.path, next: next) { preview.write(to: &$0) }
            )
        }
        var text = ""
        for step in preview.steps { text += (self.apply ? "" : "would ") + step + "\n" }
        for finding in preview.unmended { text += "cannot be repaired:\n" + InspectionText.line(finding) }
        if !self.apply {
            text +=
                preview.steps.isEmpty
                ? "nothing to do\n" : "nothing was changed; `millrace repair --apply \(root.path)` does it\n"
        }
        try ResultOutput.write(text)
    }

    // MARK: Doing it

    private func repair(
        _ root: Directory,
        _ found: Inspection,
        _ lock: DirectoryLock
    ) async throws -> DirectoryReport.Verdict {
        if found.report.verdict == .whole {
            try ResultOutput.write("nothing to do\n")
            return .whole
        }
        let preview = RepairPreview(found, self)
        try self.printPreview(preview, found, root)
        guard let known = preview.known else { return found.report.verdict }
        let repair = DirectoryRepair(root)
        do throws(LogError) {
            // First, so that a server that is started in the middle finds whole metadata.
            if let rebuild = preview.rebuild { try await self.rebuild(rebuild, root, repair) }
            for step in RepairPlan(found.report, known: known, identity: preview.identity).steps {
                try repair.perform(step)
            }
        } catch {
            throw Failure("\(error.message); run the repair again once that is mended")
        }
        try await self.mendMetadata(root)
        // The log engine takes the lock itself.
        lock.release()
        try await RecoveryRun.run(root)
        let shared = try InspectionExit.lockShared(root)
        let after = InspectionProgress.inspect(root).report
        withExtendedLifetime(shared) {}
        let next = InspectionText.next(after, directory: root.path)
        if !self.format.isJSON { try ResultOutput.write(InspectionText.text(after, directory: root.path, next: next)) }
        return after.verdict
    }

    private func rebuild(
        _ rebuild: MetadataRebuild,
        _ root: Directory,
        _ repair: DirectoryRepair
    ) async throws(LogError) {
        do throws(Failure) {
            try await rebuild.apply(to: root, repair)
        } catch {
            throw LogError(.storage, error.description)
        }
    }

    /// Opening the store makes the damaged copy again from the whole one.
    private func mendMetadata(_ root: Directory) async throws(Failure) {
        do throws(MetadataError) {
            let store = try SQLiteMetadataStore(path: root.path(of: Inspection.database))
            try await store.close()
        } catch {
            throw Failure(error.message)
        }
    }
}
