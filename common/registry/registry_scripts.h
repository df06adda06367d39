#pragma once

#include "common/redis/script.h"

// The Lua scripts of the registry. Keys of a run: a set of service names; for each name a hash that expires (`record`, a serialised ServiceRecord;
// `instance`; `state`; `seen` and `skew` in ms); a counter and a stream of events, whose entry N-0 is event N.
namespace cohort::registry {

// KEYS names, counter, events, service. ARGV name, instance, state, record, time to live in ms, the service's own clock in ms, and the names of the
// two event kinds "joined" and "state". Writes the record; tells of a service that is new or in another state.
extern const redis::Script kPutService;

// KEYS names, counter, events, service. ARGV name, instance, event kind "left", message. Removes the record unless it belongs to another instance.
extern const redis::Script kRemoveService;

// KEYS names, counter, events. ARGV prefix of the service keys, event kind "lost". Returns [record, age in ms, skew in ms] for each live service;
// tells of those that are not heard of any more.
extern const redis::Script kListServices;

// KEYS counter, events. ARGV kind, subject, actor, message, request id. Returns the event's number.
extern const redis::Script kAppendEvent;

// KEYS counter, events. ARGV number after which to begin, count. Returns [number of the last event, epoch of the log, entries].
extern const redis::Script kReadEvents;

}  // namespace cohort::registry
