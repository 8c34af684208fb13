/**
 * Preloaded into the local cloud's Node processes. Google's clients drop fields that an API doesn't have, and
 * unknown enum values, without a word: a misspelt `encryptionSpce` leaves the key out. This reports both, from
 * every copy of protobufjs that the process loads, as JSON lines in the file that BATON_LINT_FILE names. A copy in a
 * bundle is seen if it shows itself, by calling what this leaves under the global symbol `baton.protobufjs.type`.
 * Statically generated message classes convert by their own code and are not seen.
 *
 * It also ends the process when the one that started it is gone, however that ended, and keeps what was compiled for
 * the next process: Node does so at the end, which one that is killed doesn't reach.
 */
import { appendFileSync } from 'node:fs';
import Module from 'node:module';
import { isMainThread } from 'node:worker_threads';

const PARENT_CHECK_MS = 1000;
/** After the start, and after the first request has loaded the rest. */
const COMPILED_MS = [2000, 15_000];
const reported = new Set();

if (isMainThread) {
  endWithParent(process.ppid);
  for (const ms of COMPILED_MS) setTimeout(() => Module.flushCompileCache(), ms).unref();
}
if (process.env.BATON_LINT_FILE) watchForProtobuf();

function endWithParent(parent) {
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
  }, PARENT_CHECK_MS).unref();
}

/** Each copy compiles its own `type.js`; a hook there costs less at start than a loader hook for every module. */
function watchForProtobuf() {
  globalThis[Symbol.for('baton.protobufjs.type')] = watchType;
  const compile = Module.prototype._compile;
  Module.prototype._compile = function (content, filename, ...rest) {
    const result = compile.call(this, content, filename, ...rest);
    if (/[\\/]protobufjs[\\/]src[\\/]type\.js$/.test(filename)) watchType(this.exports);
    return result;
  };
}

/** A type generates its `fromObject` in `setup`, and nested messages are converted by their own types'. */
function watchType(Type) {
  const setup = Type.prototype.setup;
  Type.prototype.setup = function () {
    const type = setup.call(this);
    const fromObject = type.fromObject;
    if (!type.fullName.startsWith('.google.protobuf.')) {
      type.fromObject = (object) => {
        if (isPlainRequest(object, type)) inspect(type, object);
        return fromObject.call(type, object);
      };
    }
    return type;
  };
}

function isPlainRequest(object, type) {
  return typeof object === 'object' && object !== null && !(object instanceof type.ctor);
}

function inspect(type, object) {
  for (const name of Object.keys(object)) {
    const field = type.fields[name];
    if (!field) {
      if (object[name] !== undefined) report('unknown-field', type, name, `${name} is no field of it`);
      continue;
    }
    const values = field.resolve().resolvedType?.values;
    if (!values) continue;
    for (const value of valuesOf(field, object[name])) {
      if (typeof value !== 'string' || value in values) continue;
      report('unknown-enum-value', type, name, `${name} has no value ${value}`);
    }
  }
}

function valuesOf(field, value) {
  if (field.map) return Object.values(value ?? {});
  return [value].flat();
}

function report(rule, type, field, finding) {
  const subject = type.fullName.slice(1);
  const key = `${subject} ${finding}`;
  if (reported.has(key)) return;
  reported.add(key);
  const message = `${subject}: ${finding}; the client dropped it silently.`;
  const lint = { rule, subject, field, message, process: process.env.BATON_PROCESS_LABEL };
  appendFileSync(process.env.BATON_LINT_FILE, `${JSON.stringify(lint)}\n`);
}
