#pragma once

#include "common/redis/script.h"

// The Lua scripts of the prompt queue: everything that must happen as a whole or not at all happens in one of them.
//
// An entry of the stream has the fields `group` (group id) and `task` (a serialised PromptTask). A delivered entry stands in the consumer group's
// pending list with its holder, the time of its last sign of life, and how often it was delivered; that is the lease. A task that was given back is
// pending for the holder "-", silent since 1970, so that the next Take finds it where it looks for dead holders.
namespace cohort::queue {

// KEYS incarnation, stream. ARGV group, floor. Returns the number drawn: above the last, at least floor; without a last one at least the server's
// time in seconds, so that numbers also grow when the server has lost its data.
extern const redis::Script kBeginIncarnation;

// KEYS incarnation, stream. ARGV group, incarnation, max_backlog, then group id and task in turn. Errors QUEUE_LOST, OTHER_INCARNATION, BACKLOG_FULL.
extern const redis::Script kIssue;

// KEYS stream, dead. ARGV group, consumer, max_attempts, count, lease in ms. Takes over tasks of silent holders, buries those that were delivered too
// often, then reads new ones. Returns [entry id, attempt, task] for each.
extern const redis::Script kTake;

// KEYS stream, dead. ARGV group, consumer, max_attempts, count, "counted" or "same attempt", then the ids of the entries that the consumer knows it
// holds. Returns others that it holds without knowing, as kTake does: of an earlier process with its name, which count as another attempt, or of an
// answer that never arrived.
extern const redis::Script kRecover;

// KEYS stream. ARGV group, consumer, entry id, attempt. Returns 1 when that lease is still held and now extended, else 0.
extern const redis::Script kRenew;

// KEYS stream. ARGV group, entry id. Returns how many entries went (0 or 1).
extern const redis::Script kAcknowledge;

// KEYS stream. ARGV group, consumer, entry id, attempt. Returns 1 when the task was given back, 0 when the lease was lost.
extern const redis::Script kRelease;

// KEYS stream, dead. ARGV group, consumer, entry id, attempt, reason. Returns 1 when the task was buried, 0 when the lease was lost.
extern const redis::Script kBury;

// KEYS incarnation, stream, dead. ARGV group. Returns [backlog, leased, id of the oldest entry or "", dead letters, incarnation, server time in ms].
extern const redis::Script kStats;

// As kStats, with two more: tasks ever issued, tasks delivered for the first time (of the group that stands now).
extern const redis::Script kInspect;

// KEYS incarnation, stream, dead. ARGV incarnation of the letters, then letter id and group id in turn. Moves the letters back into the stream; returns
// how many were there. Error OTHER_INCARNATION.
extern const redis::Script kRequeue;

// KEYS stream. ARGV first id ("-" or "(id"), count. Returns the last id of the page, then the group ids; nothing at the end.
extern const redis::Script kPendingGroups;

}  // namespace cohort::queue
