internal import Broker
internal import Logging
internal import Model

extension KinesisService {
    /// Splits the busy shards of streams in ON_DEMAND mode where limits hold (decision 0045).
    ///
    /// - Parameter milliseconds: since it was last called.
    func splitBusyShards(inMilliseconds milliseconds: Int64, _ logger: Logger) async {
        for (stream, loads) in self.limits.takeLoads() {
            guard let hosted = self.backend.topic(id: stream) else { continue }
            let splits = OnDemandScaling.splits(of: hosted.topic, loads: loads, inMilliseconds: milliseconds)
            for split in splits {
                var facts: Logger.Metadata = [
                    "stream": "\(hosted.name)", "shard": "\(split.ordinal)",
                    "bytes": "\(loads[split.ordinal]?.bytes ?? 0)", "records": "\(loads[split.ordinal]?.records ?? 0)",
                ]
                do throws(BrokerError) {
                    try await self.backend.splitShard(
                        of: hosted.name,
                        ordinal: split.ordinal,
                        newStartingHash: split.newStartingHash
                    )
                    logger.info("split a busy shard of an on-demand stream", metadata: facts)
                } catch {
                    // Somebody may have changed the stream meanwhile; the next look finds what is true then.
                    facts["error"] = "\(error)"
                    logger.notice("could not split a busy shard", metadata: facts)
                }
            }
        }
    }
}
