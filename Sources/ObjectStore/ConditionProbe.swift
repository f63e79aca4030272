internal import NIOCore

extension ObjectStore {
    /// Finds out whether the store keeps `ifAbsent`: writes a probe twice. Used for defence in depth alone, since
    /// stores differ in what they promise (decision 0059).
    ///
    /// - Parameter name: of the probe, which nobody else uses; it is deleted again.
    package func probeConditions(_ name: String) async throws(ObjectStoreError) -> Bool {
        let body = [ByteBuffer(string: "probe")]
        try await self.delete([name])
        do throws(ObjectStoreError) {
            try await self.put(name, body, ifAbsent: true)
        } catch {
            guard error.code == .notImplemented || error.code == .invalid else { throw error }
            return false
        }
        var keepsCondition = false
        do throws(ObjectStoreError) {
            try await self.put(name, body, ifAbsent: true)
        } catch {
            guard error.code == .preconditionFailed else { throw error }
            keepsCondition = true
        }
        try await self.delete([name])
        return keepsCondition
    }
}
