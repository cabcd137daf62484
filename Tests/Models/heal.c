/* What heal.pml does in a step, and asks of a state. `now` is the state. */

#define SERVERS 4
#define BIT(i) (1 << (i))
#define VIEW(i, j) now.view[(i) * SERVERS + (j)]
#define IS_DEAD(entry) ((entry) & 1)

static int reaches(int i, int j) { return !now.isCut || !(now.side & BIT(i)) == !(now.side & BIT(j)); }

/* One is told that its life is over: it goes one incarnation above. */
static void refute(int i, int entry) {
    if (entry > VIEW(i, i)) VIEW(i, i) = (entry | 1) + 1;
}

/* i takes in what is said of k. With CONTEST a death of one held alive is passed to the accused first,
   which answers with its entry. */
static void learn(int i, int k, int entry) {
    int known = VIEW(i, k);
    if (entry <= known) return;
    if (i == k) {
        refute(i, entry);
        return;
    }
#ifdef CONTEST
    if (IS_DEAD(entry) && !IS_DEAD(known) && reaches(i, k)) {
        refute(k, entry);
        VIEW(i, k) = VIEW(k, k);
        return;
    }
#endif
    if (IS_DEAD(entry) && !IS_DEAD(known) && reaches(i, k)) now.isPoisoned = 1;
    VIEW(i, k) = entry;
}

static void tell(int i, int j) {
    for (int k = 0; k < SERVERS; k++) learn(j, k, VIEW(i, k));
}

/* i pings f, which it holds dead: f refutes, and tells i, which it may hold dead itself. */
static void ping(int i, int f) {
    refute(f, VIEW(i, f));
    if (IS_DEAD(VIEW(f, i))) refute(i, VIEW(f, i));
    learn(i, f, VIEW(f, f));
    learn(f, i, VIEW(i, i));
}

static int tellsNews(int i, int j) {
    for (int k = 0; k < SERVERS; k++)
        if (VIEW(i, k) > VIEW(j, k)) return 1;
    return 0;
}

static int isWhole(void) {
    for (int i = 0; i < SERVERS; i++)
        for (int k = 0; k < SERVERS; k++)
            if (IS_DEAD(VIEW(i, k)) || VIEW(i, k) != VIEW(0, k)) return 0;
    return 1;
}

/* The end of every step: what can come next. */
static void conclude(void) {
    int isAtRest = 1;
    for (int i = 0; i < SERVERS; i++) {
        now.hears[i] = now.pings[i] = now.misses[i] = 0;
        for (int j = 0; j < SERVERS; j++) {
            if (i == j) continue;
            if (!reaches(i, j)) {
                if (!IS_DEAD(VIEW(i, j))) now.misses[i] |= BIT(j);
                continue;
            }
            if (!IS_DEAD(VIEW(i, j)) && tellsNews(i, j)) now.hears[i] |= BIT(j);
#ifndef FORGETFUL
            if (IS_DEAD(VIEW(i, j))) now.pings[i] |= BIT(j);
#endif
        }
        if (now.hears[i] || now.pings[i]) isAtRest = 0;
    }
    now.isHealed = now.wasCut && !now.isCut && isWhole();
    now.isStuck = now.wasCut && !now.isCut && isAtRest && !isWhole();
}
