import MetadataTestSupport
import Testing

@testable import MetadataSQLite

/// What every metadata store promises, of the embedded one; `MetadataEtcdTests` checks the same of etcd.
@Suite(.timeLimit(.minutes(20))) struct SQLiteContractTests {
    @Test(arguments: MetadataContract.all)
    func `the embedded store keeps the contract`(_ contract: MetadataContract) async throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteMetadataStore(path: directory.file)
        try await contract.check(store)
        try await store.close()
    }
}
