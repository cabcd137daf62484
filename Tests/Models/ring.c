/* What ring.pml asks of a state: links, next steps, invariants. Pure functions over sets of bits; `now` is the state. */

#define SERVERS 5
#define BIT(i) (1 << (i))

/* How far it is clockwise; a whole turn to oneself. */
static int distance(int from, int to) { return from == to ? SERVERS : (to - from + SERVERS) % SERVERS; }

/* The first of a set clockwise after a place, -1 for none; the place itself is not meant. */
static int first(int set, int place) {
    for (int step = 1; step < SERVERS; step++)
        if (set & BIT((place + step) % SERVERS)) return (place + step) % SERVERS;
    return -1;
}

static int bit(int i) { return i < 0 ? 0 : BIT(i); }
static int successor(int i) { return first(now.known[i], i); }
static int secondSuccessor(int i) {
    int one = successor(i);
    return one < 0 ? -1 : first(now.known[i] & ~BIT(one), i);
}
static int predecessor(int i) {
    for (int step = 1; step < SERVERS; step++) {
        int other = (i + SERVERS - step) % SERVERS;
        if (now.known[i] & BIT(other)) return other;
    }
    return -1;
}
/* The two references of a server. */
static int observed(int i) { return bit(successor(i)) | bit(secondSuccessor(i)); }

/* Whom a server turns to: its first living reference, else the first living one down the ladder, else itself. */
static int next(int i) {
    int at = first(observed(i) & now.up, i);
#ifdef LADDER
    if (at < 0) at = first(now.known[i] & now.up, i);
#ifndef UNNAMED
    if (at < 0) at = first(now.leases & now.up, i);
#endif
#endif
    return at < 0 ? i : at;
}

/* I1, OneLiveSuccessor: whoever is not the last one has somebody to turn to. */
static int hasLiveSuccessors(void) {
    for (int i = 0; i < SERVERS; i++)
        if (now.up & BIT(i) && now.up != BIT(i) && next(i) == i) return 0;
    return 1;
}

/* The members of the ring in which a member's way ends. */
static int ringFrom(int i) {
    int ring = 0;
    for (int step = 0; step < SERVERS; step++) i = next(i);
    for (; !(ring & BIT(i)); i = next(i)) ring |= BIT(i);
    return ring;
}

/* Exactly one ring, to which every appendage leads, and which goes round once in the order of the ids. */
static int isOneOrderedRing(void) {
    int ring = 0, way = 0;
    for (int i = 0; i < SERVERS; i++) {
        if (!(now.up & BIT(i))) continue;
        if (ring == 0) ring = ringFrom(i);
        if (ring != ringFrom(i)) return 0;
    }
    for (int i = 0; i < SERVERS; i++)
        if (ring & BIT(i)) way += distance(i, next(i));
    return way == SERVERS;
}

/* Strictly inside the clockwise way from a to b. */
static int between(int a, int x, int b) { return x != a && x != b && distance(a, x) < distance(a, b); }

/* Zave's principals: the members that nobody's references leave out. */
static int principals(void) {
    int count = 0;
    for (int p = 0; p < SERVERS; p++) {
        int isLeftOut = !(now.up & BIT(p));
        for (int i = 0; i < SERVERS; i++) {
            int one = successor(i), two = secondSuccessor(i);
            if (!(now.up & BIT(i)) || one < 0) continue;
            isLeftOut |= between(i, p, one) || (two >= 0 && between(one, p, two));
        }
        count += !isLeftOut;
    }
    return count;
}

/* I2, SufficientPrincipals: one more than there are references. */
static int hasSufficientPrincipals(void) { return principals() >= 3; }

/* Whether this one may die: with ZAVE only if what is left can bear it, else unless it is the last. */
static int mayDie(int f) {
    if (!(now.up & BIT(f)) || now.up == BIT(f)) return 0;
#ifdef ZAVE
    now.up &= ~BIT(f);
    int can = hasLiveSuccessors() && hasSufficientPrincipals();
    now.up |= BIT(f);
    return can;
#else
    return 1;
#endif
}

/* None of the steps is open that must come sooner or later: nobody has a dead reference, or another roster than one it
   observes, or could be introduced to a stranger by the registry. */
static int isAtRest(void) {
    for (int i = 0; i < SERVERS; i++) {
        if (!(now.up & BIT(i))) continue;
        if (observed(i) & ~now.up) return 0;
        for (int j = 0; j < SERVERS; j++)
            if (observed(i) & BIT(j) && (now.known[i] != now.known[j] || now.gone[i] != now.gone[j])) return 0;
#if defined LADDER && !defined UNNAMED
        if (!(now.leases & BIT(i)) || now.leases & now.up & ~now.known[i]) return 0;
#endif
    }
    return 1;
}

/* Everybody holds exactly the living ones for alive, so that all links are right. */
static int areLinksRight(void) {
    for (int i = 0; i < SERVERS; i++)
        if (now.up & BIT(i) && now.known[i] != now.up) return 0;
    return 1;
}

/* Without a ladder a server keeps its links alone, and takes up only who answers. */
static void keep(int i) {
#ifndef LADDER
    now.known[i] = (now.known[i] & now.up) | BIT(i);
    now.known[i] = BIT(i) | observed(i) | bit(predecessor(i));
    now.gone[i] = 0;
#endif
}

/* Who may join through this one: anybody; without a ladder, as with Zave, only whose place is right behind it. */
static int door(int i) {
    int able = 0;
    for (int j = 0; j < SERVERS; j++)
#ifdef LADDER
        able |= BIT(j);
#else
        if (now.up & BIT(next(i)) && between(i, j, next(i))) able |= BIT(j);
#endif
    return able;
}

/* The end of every step: what follows from it. */
static void conclude(void) {
    now.mortal = 0;
    for (int i = 0; i < SERVERS; i++) {
        now.references[i] = now.up & BIT(i) ? observed(i) : 0;
        now.doors[i] = now.up & BIT(i) ? door(i) : 0;
        if (mayDie(i)) now.mortal |= BIT(i);
    }
    now.isStranded = !hasLiveSuccessors();
    now.isNoRing = !isOneOrderedRing();
    now.isStuck = isAtRest() && !areLinksRight();
    now.isIdeal = areLinksRight();
}
