/// Finds the word that somebody may have meant.
enum Suggestion {
    /// The nearest of `words`; nil when none is near: at most two edits, and fewer than half of the word.
    static func nearest(to word: String, among words: [String]) -> String? {
        let ranked = words.map { (word: $0, distance: distance(word, $0)) }
            .filter { $0.distance <= min(2, max(1, $0.word.count / 2)) }
        return ranked.min { ($0.distance, $0.word) < ($1.distance, $1.word) }?.word
    }

    /// A half sentence for the end of a message, `; did you mean --home?`, empty where nothing is near.
    static func hint(_ word: String, among words: [String], prefix: String = "") -> String {
        nearest(to: word, among: words).map { "; did you mean \(prefix)\($0)?" } ?? ""
    }

    /// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
    static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left), right = Array(right)
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let replaced = last[column] + (left[row] == right[column] ? 0 : 1)
                var best = min(replaced, last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
