package import Metadata

extension EtcdMetadataStore {
    package func commit(_ transaction: MetadataTransaction) async throws(MetadataError) -> MetadataOutcome {
        try transaction.validate()
        let writes = transaction.success.contains(where: \.isWrite) || transaction.failure.contains(where: \.isWrite)
        // To read again after a lost answer is harmless.
        guard writes, !transaction.isRepeatable else { return try await self.commitUnguarded(transaction) }
        while true {
            if let outcome = try await self.commitGuarded(transaction) { return outcome }
        }
    }

    private func commitUnguarded(_ transaction: MetadataTransaction) async throws(MetadataError) -> MetadataOutcome {
        let request = self.namespace.transaction(transaction)
        let answer = try etcdDecoded(try await self.client.call(.txn, request.encoded), EtcdTxnResponse.init)
        return try self.outcome(answer, revision: answer.revision)
    }

    /// - Returns: `nil` when nothing was done because the markers' lease had run out.
    private func commitGuarded(_ transaction: MetadataTransaction) async throws(MetadataError) -> MetadataOutcome? {
        let (marker, lease): (TransactionMarker, Int64)
        do throws(MetadataError) {
            (marker, lease) = try await self.takeMarker()
        } catch {
            guard error.code == .sessionNotFound else { throw error }
            return nil
        }
        let key = self.key(of: marker)
        let answer: EtcdClient.Answer
        var earlierAttempts = 0
        do throws(MetadataError) {
            answer = try await self.client.call(.txn) { undecidedAttempts in
                earlierAttempts = undecidedAttempts
                return marker.guarding(
                    transaction,
                    key: key,
                    lease: lease,
                    in: self.namespace,
                    isRepeated: undecidedAttempts > 0
                )
                .encoded
            }
        } catch {
            // `.unavailable` leaves it open, and the marker with it. What etcd refused was not done, except for want
            // of space.
            if error.code == .unavailable || error.code == .closed { throw error }
            if error.code == .diskFull {
                let revisionAndBranch = try await self.read(marker, key: key)
                if let (revision, succeeded) = revisionAndBranch {
                    self.release(marker, lease: lease)
                    return try await self.outcome(of: transaction, succeeded: succeeded, at: revision)
                }
                // An earlier attempt may still come, to an etcd that has space by then.
                if earlierAttempts > 0 { throw MetadataError(.unavailable, error.message) }
            }
            if error.code == .sessionNotFound, try await !self.isAlive(lease) {
                self.forgetMarkers(lease: lease)
                return nil
            }
            self.release(marker, lease: lease)
            throw error
        }
        let response = try etcdDecoded(answer.message, EtcdTxnResponse.init)
        if response.succeeded {
            self.release(marker, lease: lease)
            guard case .txn(let inner)? = response.responses.first else { throw Self.unexpected }
            return try self.outcome(inner, of: transaction, revision: response.revision)
        }
        guard case .range(let stored)? = response.responses.first else { throw Self.unexpected }
        guard let entry = stored.entries.first else {
            self.forgetMarkers(lease: lease)
            guard answer.undecidedAttempts == 0 else {
                throw MetadataError(.unavailable, "etcd lost the answer to a transaction, and then its marker.")
            }
            return nil
        }
        guard answer.undecidedAttempts > 0, let succeeded = marker.outcome(entry.value) else {
            preconditionFailure("a marker is used by one transaction at a time")
        }
        self.release(marker, lease: lease)
        return try await self.outcome(of: transaction, succeeded: succeeded, at: entry.modRevision)
    }

    /// Reads what a transaction left in its marker.
    ///
    /// etcd weighs a transaction twice against its quota: before it proposes it, and while it carries it out. The
    /// second time it answers that there is no space *after* it has written (`quotaApplierV3` of etcd 3.4 to 3.6), so
    /// that the answer alone does not say whether the transaction was done.
    ///
    /// - Returns: The revision that the transaction made, and which branch was taken; `nil` when it was not done.
    /// - Throws: `.unavailable` when etcd cannot be asked: the transaction stays undecided.
    private func read(
        _ marker: TransactionMarker,
        key: [UInt8]
    ) async throws(MetadataError) -> (MetadataRevision, Bool)? {
        let answer: EtcdRangeResponse
        do throws(MetadataError) {
            let request = EtcdRangeRequest(key: key, rangeEnd: [])
            answer = try etcdDecoded(try await self.client.call(.range, request.encoded), EtcdRangeResponse.init)
        } catch {
            throw error.code == .closed ? error : MetadataError(.unavailable, error.message)
        }
        guard let entry = answer.entries.first, let succeeded = marker.outcome(entry.value) else { return nil }
        return (entry.modRevision, succeeded)
    }

    private func isAlive(_ lease: Int64) async throws(MetadataError) -> Bool {
        do throws(MetadataError) {
            try await self.keepAlive(MetadataSessionID(lease))
            return true
        } catch {
            guard error.code == .sessionNotFound else { throw error }
            return false
        }
    }

    private static var unexpected: MetadataError {
        MetadataError(.unavailable, "etcd's answer to a transaction does not fit it.")
    }

    // MARK: Outcomes

    /// - Parameter transaction: whose operations come first in the answer, before the marker's.
    private func outcome(
        _ answer: EtcdTxnResponse,
        of transaction: MetadataTransaction,
        revision: MetadataRevision
    ) throws(MetadataError) -> MetadataOutcome {
        var answer = answer
        let count = (answer.succeeded ? transaction.success : transaction.failure).count
        guard answer.responses.count >= count else { throw Self.unexpected }
        answer.responses.removeLast(answer.responses.count - count)
        return try self.outcome(answer, revision: revision)
    }

    private func outcome(
        _ answer: EtcdTxnResponse,
        revision: MetadataRevision
    ) throws(MetadataError) -> MetadataOutcome {
        var responses: [MetadataOutcome.Response] = []
        for response in answer.responses {
            switch response {
            case .put: responses.append(.put)
            case .deleted(let count): responses.append(.deleted(count: Int(clamping: count)))
            case .range(let range):
                responses.append(
                    .range(
                        MetadataRangeResult(
                            entries: range.entries.map(self.namespace.entry),
                            hasMore: range.more,
                            revision: revision
                        )
                    )
                )
            case .txn: throw Self.unexpected
            }
        }
        return MetadataOutcome(succeeded: answer.succeeded, revision: revision, responses: responses)
    }

    /// What a transaction answered whose answer was lost: read from the past, at the revision that it made.
    ///
    /// Exact, except that a read sees what later operations of the same transaction wrote.
    ///
    /// - Throws: `.unavailable` when that revision is compacted already.
    private func outcome(
        of transaction: MetadataTransaction,
        succeeded: Bool,
        at revision: MetadataRevision
    ) async throws(MetadataError) -> MetadataOutcome {
        var responses: [MetadataOutcome.Response] = []
        for operation in succeeded ? transaction.success : transaction.failure {
            switch operation {
            case .put: responses.append(.put)
            case .delete(let range):
                // No key is both written and deleted in one transaction.
                var request = self.namespace.request(range, limit: 0, revision: revision - 1)
                request.countOnly = true
                responses.append(.deleted(count: Int(clamping: try await self.past(request).count)))
            case .range(let range, let limit):
                let answer = try await self.past(self.namespace.request(range, limit: limit, revision: revision))
                responses.append(
                    .range(
                        MetadataRangeResult(
                            entries: answer.entries.map(self.namespace.entry),
                            hasMore: answer.more,
                            revision: revision
                        )
                    )
                )
            }
        }
        return MetadataOutcome(succeeded: succeeded, revision: revision, responses: responses)
    }

    private func past(_ request: EtcdRangeRequest) async throws(MetadataError) -> EtcdRangeResponse {
        do throws(MetadataError) {
            return try etcdDecoded(try await self.client.call(.range, request.encoded), EtcdRangeResponse.init)
        } catch {
            guard error.code == .compacted else { throw error }
            throw MetadataError(.unavailable, "A transaction was carried out, but what it answered is compacted.")
        }
    }
}
