/* The ring of two forward references, five ids: joins, deaths, and the ladder behind the references.

   docs/model.md says what this leaves out, and to which lines of Sources/Ring each step corresponds. The variants:

     LADDER    behind the references stand the whole roster and the registry; any server may die at any moment
     ZAVE      nothing stands behind them, and a death waits until the rest can bear it, her operating assumption
     none      nothing stands behind them, and any server may die at any moment: the design that breaks
     UNNAMED   with LADDER: no registry stands behind the roster; breaks as well
     RESTART   with LADDER: the registry loses its leases once, so that "always" becomes "in the end"
     HEALS     with LADDER: every history ends with all links right

   A step is atomic. Steps come in any order, and one that need not come is a message that was lost. */

#define BITS(i) (1 << (i))

byte up;          /* a set of bits: the members that live */
byte unborn;      /* the ids that have not joined yet */
byte known[5];    /* whom each server holds for alive, itself too */
byte gone[5];     /* whom each server holds for dead */
byte leases;      /* whom the registry knows */
bool restarted;   /* the registry has lost its leases once */

/* What follows from these after every step, by the functions of ring.c. */
byte references[5];   /* the successor and the second successor of each server */
byte doors[5];        /* who may join through each server */
byte mortal;          /* who may die now */
bool isStranded;      /* a server has nobody to turn to, though others live */
bool isNoRing;        /* not exactly one ring in order with every other member leading to it */
bool isStuck;         /* nothing is left to be done, and yet the links are not right */
bool isIdeal;         /* everybody's links are right */

c_code { \#include "ring.c"
}

#ifdef RESTART
#define settle c_code { conclude(); }; assert(!isStuck)
#else
#define settle c_code { conclude(); }; assert(!isStranded); assert(!isNoRing); assert(!isStuck)
#endif

/* Once the deaths and joins are over the links become right and stay so. */
#ifdef HEALS
ltl heals { <> [] isIdeal }
#endif

/* j takes a lease and joins through the member i, any one with LADDER. */
#define JOIN(i, j) :: d_step { (up & BITS(i)) && (doors[i] & unborn & BITS(j)) -> \
    unborn = unborn & ~BITS(j); up = up | BITS(j); leases = leases | BITS(j); \
    known[i] = known[i] | BITS(j); known[j] = known[i]; gone[j] = gone[i]; \
    c_code { keep(i); keep(j); }; settle }

/* f dies, and nobody is told. */
#define DIE(f) :: d_step { mortal & BITS(f) -> up = up & ~BITS(f); known[f] = 0; gone[f] = 0; settle }

/* i finds that f, one of its references, is dead. */
#define NOTICE(i, f) :: d_step { (references[i] & BITS(f)) && !(up & BITS(f)) -> \
    known[i] = known[i] & ~BITS(f); gone[i] = gone[i] | BITS(f); c_code { keep(i); }; settle }

/* i tells j, whom it holds for alive, all that it knows. */
#define TELL(i, j) :: d_step { (up & BITS(i)) && (up & BITS(j)) && (known[i] & BITS(j)) && \
    ((known[i] & ~(known[j] | gone[j])) || (gone[i] & ~gone[j])) -> \
    gone[j] = gone[j] | gone[i]; known[j] = (known[j] | known[i]) & ~gone[j]; c_code { keep(j); }; settle }

/* The registry names to i a server j that i does not know, and they tell each other. */
#define INTRODUCE(i, j) :: d_step { (up & BITS(i)) && (leases & up & BITS(j)) && !(known[i] & BITS(j)) -> \
    gone[i] = gone[i] | gone[j]; gone[j] = gone[i]; \
    known[i] = (known[i] | known[j]) & ~gone[i]; known[j] = (known[j] | known[i]) & ~gone[j]; settle }

/* A lease is renewed, or runs out. */
#define LEASE(i) :: d_step { (up & BITS(i)) && !(leases & BITS(i)) -> leases = leases | BITS(i); settle } \
    :: d_step { !(up & BITS(i)) && (leases & BITS(i)) -> leases = leases & ~BITS(i); settle }

#define EACH(step) step(0) step(1) step(2) step(3) step(4)
#define WITH(step, i) step(i, (i + 1) % 5) step(i, (i + 2) % 5) step(i, (i + 3) % 5) step(i, (i + 4) % 5)
#define PAIRS(step) WITH(step, 0) WITH(step, 1) WITH(step, 2) WITH(step, 3) WITH(step, 4)

#define BEGIN(members) :: up = members

init {
    byte i;
    d_step {
        /* Every set of members to begin with, but for turns of the ring. */
        if BEGIN(7) BEGIN(11) BEGIN(15) BEGIN(31)
#ifdef LADDER
        BEGIN(1) BEGIN(3) BEGIN(5)
#endif
        fi
    }
    d_step {
        unborn = 31 & ~up; leases = up;
        for (i : 0 .. 4) { known[i] = (up & BITS(i) -> up : 0); c_code { if (now.up & BIT(Pinit->i)) keep(Pinit->i); } }
        i = 0; settle
    }
end: do
    PAIRS(JOIN) EACH(DIE) PAIRS(NOTICE) PAIRS(TELL)
#ifdef LADDER
    #ifndef UNNAMED
    PAIRS(INTRODUCE) EACH(LEASE)
#endif
#endif
#ifdef RESTART
    :: d_step { !restarted -> restarted = true; leases = 0; settle }
#endif
    od
}
