/* A ring of four that is cut in two and healed: who holds whom dead, and how both sides become one again.

   docs/model.md says what this leaves out, and to which lines of Sources/Ring each step corresponds. The variants:

     CONTEST   a death of one held alive is passed to the accused first; without it the union of the rosters kills
     FORGETFUL the dead are not pinged again: the sides never meet
     HEALS     every history after the cut ends whole

   An entry is a number: twice the incarnation, and one more for dead. So the greater of two entries is the one that
   wins, as in RosterEntry.supersedes. Steps are atomic, and come in any order. */

#define BITS(i) (1 << (i))

byte view[16];    /* what i knows of j, at 4 i + j */
bool isCut;
bool wasCut;
byte side;        /* the servers on one side of the cut */

/* What follows from these after every step, by the functions of heal.c. */
byte hears[4];    /* to whom each has something to tell */
byte pings[4];    /* whom each holds dead and could reach */
byte misses[4];   /* whom each holds alive and cannot reach */
bool isPoisoned;  /* one was held dead on hearsay though it could be reached */
bool isStuck;     /* nothing is left to be done, and yet the sides are not one */
bool isHealed;

c_code { \#include "heal.c"
}

#define settle c_code { conclude(); }; assert(!isPoisoned); assert(!isStuck)

#ifdef HEALS
ltl heals { <> [] isHealed }
#endif

/* i has not heard j for too long. */
#define MISS(i, j) :: d_step { misses[i] & BITS(j) -> view[i * 4 + j] = view[i * 4 + j] + 1; settle }
#define TELL(i, j) :: d_step { hears[i] & BITS(j) -> c_code { tell(i, j); }; settle }
#define PING(i, j) :: d_step { pings[i] & BITS(j) -> c_code { ping(i, j); }; settle }

#define WITH(step, i) step(i, (i + 1) % 4) step(i, (i + 2) % 4) step(i, (i + 3) % 4)
#define PAIRS(step) WITH(step, 0) WITH(step, 1) WITH(step, 2) WITH(step, 3)

init {
    byte i;
    d_step {
        for (i : 0 .. 15) { view[i] = 2 }
        i = 0; settle
    }
    /* One against three, neighbours against neighbours, opposite ones against each other. */
    d_step {
        if :: side = 1 :: side = 3 :: side = 5 fi
        isCut = true; wasCut = true; settle
    }
end: do
    :: d_step { isCut -> isCut = false; settle }
    PAIRS(MISS) PAIRS(TELL) PAIRS(PING)
    od
}
