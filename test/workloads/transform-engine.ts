import { readFileSync } from 'node:fs';
import { createContext, runInContext } from 'node:vm';

export const CENSUS = new URL('../../workloads/census/', import.meta.url);
export const COMPILED = new URL('transform/transform.js', CENSUS);

/** What ES5 has beside syntax. The template's engine has little more, so a call to anything else must fail here. */
const ES5_GLOBALS =
  'Object Function Array String Boolean Number Date RegExp Math JSON Error EvalError RangeError ReferenceError ' +
  'SyntaxError TypeError URIError NaN Infinity undefined eval parseInt parseFloat isNaN isFinite decodeURI ' +
  'decodeURIComponent encodeURI encodeURIComponent';
const ES5_METHODS: Record<string, string> = {
  Object:
    'getPrototypeOf getOwnPropertyDescriptor getOwnPropertyNames create defineProperty defineProperties seal freeze ' +
    'preventExtensions isSealed isFrozen isExtensible keys',
  Array: 'isArray',
  'Array.prototype':
    'constructor toString toLocaleString concat join pop push reverse shift slice sort splice unshift indexOf ' +
    'lastIndexOf every some forEach map filter reduce reduceRight',
  String: 'fromCharCode',
  'String.prototype':
    'constructor toString valueOf charAt charCodeAt concat indexOf lastIndexOf localeCompare match replace search ' +
    'slice split substring toLowerCase toLocaleLowerCase toUpperCase toLocaleUpperCase trim',
  Number: '',
  'Number.prototype': 'constructor toString toLocaleString valueOf toFixed toExponential toPrecision',
};

/** A committed function as the Dataflow template would load it: in a bare engine that has the ES5 library only. */
export function loadUdf(file = COMPILED): (line: string) => string | null {
  const context = createContext(Object.create(null));
  removeAllBut(ES5_GLOBALS, runInContext('this', context));
  for (const [path, names] of Object.entries(ES5_METHODS)) removeAllBut(names, runInContext(path, context));
  runInContext(readFileSync(file, 'utf8'), context, { filename: file.pathname });
  return runInContext('transform', context);
}

function removeAllBut(names: string, target: object): void {
  const kept = new Set(names.split(' '));
  for (const [name, { value, configurable }] of Object.entries(Object.getOwnPropertyDescriptors(target))) {
    if (typeof value !== 'function' && typeof value !== 'object') continue;
    if (configurable && !kept.has(name)) Reflect.deleteProperty(target, name);
  }
}
