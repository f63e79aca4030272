import Coordination
import TestSupport
import Testing

@Suite struct JournaledCollectionTests {
    @Test func `changes of an epoch are taken back, the newest first`() {
        var table = JournaledDictionary<String, Int>()
        table["a"] = 1
        table.journal(.begin(epoch: 1))
        table["a"] = 2
        table["b"] = 3
        table.journal(.begin(epoch: 2))
        table["a"] = nil
        table["b"] = 4
        table["b"] = 5
        table.journal(.rollBack(from: 2))
        #expect(table.elements == ["a": 2, "b": 3])
        table.journal(.rollBack(from: 1))
        #expect(table.elements == ["a": 1])
        #expect(table.undoCount == 0)
    }

    @Test func `durable changes are not taken back`() {
        var table = JournaledDictionary<String, Int>()
        table.journal(.begin(epoch: 1))
        table["a"] = 1
        table.journal(.begin(epoch: 2))
        table["a"] = 2
        table.journal(.forget(through: 1))
        table.journal(.rollBack(from: 1))
        #expect(table.elements == ["a": 1])
    }

    @Test func `what a load replays is not journaled`() {
        var table = JournaledTable<String, Int, Int>()
        for column in 0..<10 { table["row", column] = column }
        #expect(table.undoCount == 0)
        table.journal(.rollBack(from: 0))
        #expect(table.count == 10)
    }

    @Test func `a change of a long row journals one cell`() {
        var table = JournaledTable<String, Int, Int>()
        for column in 0..<10_000 { table["row", column] = column }
        table.journal(.begin(epoch: 1))
        table["row", 5] = -1
        table["row", 10_000] = 7
        #expect(table.undoCount == 2)
        table.journal(.rollBack(from: 1))
        #expect(table["row", 5] == 5)
        #expect(table.count == 10_000)
    }

    @Test func `a row without cells is gone`() {
        var table = JournaledTable<String, Int, Int>()
        table.journal(.begin(epoch: 1))
        table["row", 1] = 1
        table["row", 1] = nil
        table["row", 2] = nil
        #expect(table["row"] == nil)
        #expect(table.rows.isEmpty)
        #expect(table.count == 0)
    }

    /// Against copies of the whole state, as a model.
    @Test(arguments: 0..<30 as Range<UInt64>)
    func `any sequence of changes, commits and roll-backs gives what copies would`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var dictionary = JournaledDictionary<Int, Int>()
        var table = JournaledTable<Int, Int, Int>()
        var epoch: UInt64 = 0
        /// What was there before each epoch in flight.
        var before: [(epoch: UInt64, dictionary: [Int: Int], rows: [Int: [Int: Int]])] = []
        for _ in 0..<500 {
            switch Int.random(in: 0..<8, using: &random) {
            case 0:
                epoch += 1
                before.append((epoch, dictionary.elements, table.rows))
                dictionary.journal(.begin(epoch: epoch))
                table.journal(.begin(epoch: epoch))
            case 1 where !before.isEmpty:
                let index = Int.random(in: before.indices, using: &random)
                dictionary.journal(.forget(through: before[index].epoch))
                table.journal(.forget(through: before[index].epoch))
                before.removeFirst(index + 1)
            case 2 where !before.isEmpty:
                let index = Int.random(in: before.indices, using: &random)
                dictionary.journal(.rollBack(from: before[index].epoch))
                table.journal(.rollBack(from: before[index].epoch))
                #expect(dictionary.elements == before[index].dictionary, "seed \(seed)")
                #expect(table.rows == before[index].rows, "seed \(seed)")
                before.removeSubrange(index...)
                // The next change belongs to a new epoch.
                epoch += 1
                before.append((epoch, dictionary.elements, table.rows))
                dictionary.journal(.begin(epoch: epoch))
                table.journal(.begin(epoch: epoch))
            default:
                let key = Int.random(in: 0..<6, using: &random)
                let value = Bool.random(using: &random) ? Int.random(in: 0..<100, using: &random) : nil
                dictionary[key] = value
                table[key % 3, key] = value
            }
            #expect(table.count == table.rows.values.reduce(0) { $0 + $1.count })
        }
        dictionary.journal(.forget(through: epoch))
        table.journal(.forget(through: epoch))
        #expect(dictionary.undoCount == 0)
        #expect(table.undoCount == 0)
    }
}
