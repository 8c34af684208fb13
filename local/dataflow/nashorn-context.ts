import { type Context, constants, createContext, runInContext } from 'node:vm';

/** The language's own objects: those of ES5, and the few of ES2015 that Nashorn's `--language=es6` has. */
const GLOBALS = words(
  'Object Function Array String Boolean Number Date RegExp Math JSON Error EvalError RangeError ReferenceError ' +
    'SyntaxError TypeError URIError NaN Infinity undefined eval parseInt parseFloat isNaN isFinite decodeURI ' +
    'decodeURIComponent encodeURI encodeURIComponent Map Set WeakMap WeakSet Symbol',
);

/** What the objects have that grew after ES5. */
const METHODS: Record<string, Set<string>> = {
  Object: words(
    'getPrototypeOf getOwnPropertyDescriptor getOwnPropertyNames create defineProperty defineProperties seal ' +
      'freeze preventExtensions isSealed isFrozen isExtensible keys',
  ),
  Array: words('isArray'),
  'Array.prototype': words(
    'constructor toString toLocaleString concat join pop push reverse shift slice sort splice unshift indexOf ' +
      'lastIndexOf every some forEach map filter reduce reduceRight',
  ),
  String: words('fromCharCode'),
  'String.prototype': words(
    'constructor toString valueOf charAt charCodeAt concat indexOf lastIndexOf localeCompare match replace search ' +
      'slice split substr substring toLowerCase toLocaleLowerCase toUpperCase toLocaleUpperCase trim',
  ),
  Number: words(''),
  'Number.prototype': words('constructor toString toLocaleString valueOf toFixed toExponential toPrecision'),
  Math: words('abs acos asin atan atan2 ceil cos exp floor log max min pow random round sin sqrt tan'),
};

/**
 * A context with the library of Dataflow's JavaScript engine and nothing else, of Node's or of later years: a function
 * that calls `includes` or `padStart` fails here as it would there.
 */
export function createNashornContext(): Context {
  const context = createContext(constants.DONT_CONTEXTIFY);
  removeAllBut(GLOBALS, runInContext('this', context));
  for (const [path, names] of Object.entries(METHODS)) removeAllBut(names, runInContext(path, context));
  return context;
}

/** Symbols stay: loops over iterables need them. So do values, which are no calls to anything. */
function removeAllBut(kept: Set<string>, target: object): void {
  for (const [name, { value, configurable }] of Object.entries(Object.getOwnPropertyDescriptors(target))) {
    if (typeof value !== 'function' && typeof value !== 'object') continue;
    if (configurable && !kept.has(name)) Reflect.deleteProperty(target, name);
  }
}

function words(text: string): Set<string> {
  return new Set(text.split(' '));
}
