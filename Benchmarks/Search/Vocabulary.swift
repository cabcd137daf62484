import Foundation
import Model

/// Words as titles have them: a few are everywhere, most are rare (Zipf's law), some have accents or another script.
struct Vocabulary {
    private let words: [String]
    /// Up to each word, how often one of the words is chosen.
    private let weights: [Double]

    init(_ count: Int, using generator: inout SeededGenerator) {
        var words = Self.common
        var known = Set(words)
        while words.count < count {
            let word = Self.madeUp(using: &generator)
            if known.insert(word).inserted { words.append(word) }
        }
        self.words = words
        var sum = 0.0
        weights = words.indices.map { index in
            sum += 1 / (Double(index) + 2.7)
            return sum
        }
    }

    func word(using generator: inout SeededGenerator) -> String {
        words[Self.place(Double.random(in: 0..<(weights.last ?? 1), using: &generator), in: weights)]
    }

    /// One of the words, all alike often.
    func rareWord(using generator: inout SeededGenerator) -> String {
        words.randomElement(using: &generator) ?? ""
    }

    /// The first place whose sum is beyond `value`.
    static func place(_ value: Double, in sums: [Double]) -> Int {
        var (low, high) = (0, sums.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if sums[middle] > value { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private static func madeUp(using generator: inout SeededGenerator) -> String {
        let script = scripts[place(Double.random(in: 0..<1, using: &generator), in: scripts.map(\.upTo))]
        let length = Int.random(in: script.lengths, using: &generator)
        let text = (0..<length).map { _ in script.parts.randomElement(using: &generator) ?? "" }.joined()
        return Bool.random(using: &generator) ? text : text.capitalized
    }

    private struct Script {
        let upTo: Double
        let lengths: ClosedRange<Int>
        let parts: [String]
    }

    private static let consonants = [
        "b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "st", "tr",
    ]
    private static func syllables(_ vowels: [String]) -> [String] {
        consonants.flatMap { consonant in vowels.map { consonant + $0 } } + ["an", "er", "ing", "on", "us"]
    }

    private static let scripts = [
        Script(upTo: 0.72, lengths: 1...4, parts: syllables(["a", "e", "i", "o", "u", "ea"])),
        Script(upTo: 0.84, lengths: 2...4, parts: syllables(["á", "é", "ö", "ü", "ñe", "ç", "o", "a"])),
        Script(upTo: 0.89, lengths: 3...9, parts: "абвгдежзийклмнопрстуфхцчшыьэюя".map(String.init)),
        Script(upTo: 0.91, lengths: 3...8, parts: "αβγδεζηθικλμνξοπρστυφχψω".map(String.init)),
        Script(upTo: 0.95, lengths: 1...6, parts: "春夏秋冬月日花鳥風雪愛恋夢空海山川星光心君僕夜朝東京あいうえおかきくけこさしすせそ".map(String.init)),
        Script(upTo: 0.97, lengths: 1...4, parts: "사랑해너나의밤별바다하늘봄여름가을겨울꿈".map(String.init)),
        Script(upTo: 0.985, lengths: 3...7, parts: "ابتثجحخدذرزسشصضطعغفقكلمنهوي".map(String.init)),
        Script(upTo: 1, lengths: 2...6, parts: "אבגדהוזחטיכלמנסעפצקרשת".map(String.init)),
    ]

    /// As they stand in the titles of songs, the most frequent first.
    private static let common = unique(
        """
        the love you of a me in to my i and it on for is no your la be la de all one we this time like night don't up \
        what life not heart live way go man down world from blues so baby out song day dream little good with at girl get \
        never home know now come can theme feel dance high back away big black let again blue best light by end heaven \
        make over sun new god when right wild only gone rain true fire christmas star moon take say boy long lost last \
        still tell more into our red free if house road soul street walk where are stop too that sweet kiss you're who \
        run ever part king some hold was body lady can't do water high he about i'm soon money rock off another sky \
        people dark how want stay el en amor mi corazón déjà vida niña où été für über straße größe ångström señorita \
        café naïve coração saudade você não mañana
        """)

    private static func unique(_ text: String) -> [String] {
        var found: [String] = []
        for word in text.split(separator: " ").map({ String($0) }) where !found.contains(word) { found.append(word) }
        return found
    }
}
