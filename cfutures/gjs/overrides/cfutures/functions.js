// SPDX-License-Identifier: LGPL-2.1-or-later

// How functions travel to a worker: as their source, or as the name of a module's export.
//
// A source has to stand for itself. It is looked through when it is submitted, so that a name from outside is
// told there and then. All names that are declared anywhere in it count as its own, so nothing is told wrongly;
// a name that this misses is told by the worker.

/* exported referenceToName, sourceOf */

const {Gio} = imports.gi;
const {notPortable} = imports.overrides.cfutures.values;

// What gjs, and the worker, add to the global variables of JavaScript.
const GLOBAL_NAMES = new Set([
    'ARGV', 'TextDecoder', 'TextEncoder', 'arguments', 'cfuturesWorker', 'clearInterval', 'clearTimeout', 'console',
    'globalThis', 'imports', 'log', 'logError', 'print', 'printerr', 'setInterval', 'setTimeout', 'window',
]);

const MAX_CACHED_SOURCES = 256;

// What JavaScript itself has is not enumerable. What a program adds is, and there is no such thing in a worker.
function isGlobal(name) {
    const property = Object.getOwnPropertyDescriptor(globalThis, name);

    return GLOBAL_NAMES.has(name) || property !== undefined && !property.enumerable;
}

class Names {
    constructor() {
        this.declared = new Set();
        this.used = new Set();
    }

    read(node) {
        if (Array.isArray(node))
            node.forEach(item => this.read(item));
        else if (typeof node?.type === 'string')
            this._readNode(node);
    }

    // A pattern: a name, or what a value is taken apart to.
    declare(pattern) {
        switch (pattern?.type) {
        case undefined:
            break;
        case 'Identifier':
            this.declared.add(pattern.name);
            break;
        case 'ArrayPattern':
            pattern.elements.forEach(element => this.declare(element));
            break;
        case 'ObjectPattern':
            pattern.properties.forEach(property => this._declareProperty(property));
            break;
        case 'SpreadExpression':
            this.declare(pattern.expression);
            break;
        case 'AssignmentExpression':
            this.declare(pattern.left);
            this.read(pattern.right);
            break;
        default:
            this.read(pattern);
        }
    }

    _declareProperty(property) {
        if (property.type !== 'Property') {
            this.declare(property);
            return;
        }
        if (property.key.type === 'ComputedName')
            this.read(property.key);
        this.declare(property.value);
    }

    // Private names belong to the class around them.
    _use(name) {
        if (!name.startsWith('#'))
            this.used.add(name);
    }

    _readNode(node) {
        switch (node.type) {
        case 'Identifier':
            this._use(node.name);
            break;
        case 'FunctionDeclaration':
        case 'FunctionExpression':
        case 'ArrowFunctionExpression':
            this.declare(node.id);
            node.params.forEach(parameter => this.declare(parameter));
            this.declare(node.rest);
            this.read(node.defaults);
            this.read(node.body);
            break;
        case 'VariableDeclarator':
            this.declare(node.id);
            this.read(node.init);
            break;
        case 'CatchClause':
            this.declare(node.param);
            this.read(node.body);
            break;
        case 'ClassStatement':
        case 'ClassExpression':
            this.declare(node.id);
            this.read(node.superClass);
            this.read(node.body);
            break;
        // An assignment makes a global variable, if there is none.
        case 'AssignmentExpression':
            if (node.operator === '=')
                this.declare(node.left);
            else
                this.read(node.left);
            this.read(node.right);
            break;
        case 'UnaryExpression':
            if (node.operator !== 'typeof' || node.argument.type !== 'Identifier')
                this.read(node.argument);
            break;
        case 'LabeledStatement':
            this.read(node.body);
            break;
        case 'ComputedName':
            this.read(node.name);
            break;
        case 'CallImport':
            this.read(node.arguments);
            break;
        case 'BreakStatement':
        case 'ContinueStatement':
        case 'MetaProperty':
            break;
        default:
            this._readParts(node);
        }
    }

    // What is named after a dot, or before a colon, is no variable.
    _readParts(node) {
        for (const [part, value] of Object.entries(node)) {
            const isProperty = part === 'property' && node.computed === false ||
                ['key', 'name'].includes(part) && value?.type === 'Identifier';

            if (part !== 'loc' && !isProperty)
                this.read(value);
        }
    }
}

function foreignNames(source) {
    const names = new Names();

    try {
        names.read(Reflect.parse(`(${source})`, {loc: false}).body);
    } catch (error) {
        // Not every gjs can, and not all of JavaScript. The worker will tell.
        return [];
    }
    return [...names.used].filter(name => !names.declared.has(name) && !isGlobal(name));
}

function isExpression(source) {
    try {
        return typeof new Function(`return (${source})`) === 'function';
    } catch (error) {
        return false;
    }
}

function expressionOf(callable) {
    const source = Function.prototype.toString.call(callable);
    const name = callable.name || 'A function';

    if (/^class\b/.test(source))
        throw notPortable(`“${name}” is a class: submit a function that makes use of it`);
    if (/\{\s*\[native code\]\s*\}$/.test(source)) {
        throw notPortable(`“${name}” is native, or made by bind(), and has no source that could be sent to another ` +
            'process: submit a function that calls it, “(...args) => Math.max(...args)” for example');
    }
    if (isExpression(source))
        return source;

    // A method is written without the word “function”.
    const method = `({${source}})[${JSON.stringify(callable.name)}]`;

    if (!isExpression(method))
        throw notPortable(`The source of “${name}” cannot be sent to another process: ${source}`);
    return method;
}

function explain(names) {
    const all = names.map(name => `“${name}”`).join(', ');
    const what = names.length === 1 ? 'a name' : 'names';

    const how = names.length === 1 ? 'an argument' : 'arguments';
    const list = names.join(', ');

    return `The function uses ${all}, ${what} from outside of it, and has to be self-contained to run in another ` +
        `process. Pass ${all} as ${how}, as in submit((n, ${list}) => …, n, ${list}), or submit a function of a ` +
        "module as [moduleURL, 'name']";
}

const sources = new Map();

// The source of a function, and what it uses from outside.
function examine(callable) {
    const text = Function.prototype.toString.call(callable);

    if (!sources.has(text)) {
        const source = expressionOf(callable);

        if (sources.size === MAX_CACHED_SOURCES)
            sources.clear();
        sources.set(text, {source, foreign: foreignNames(source)});
    }
    return sources.get(text);
}

// Global variables are there if an initializer makes them.
function sourceOf(callable, {mayUseGlobals = false} = {}) {
    const {source, foreign} = examine(callable);

    if (foreign.length > 0 && !mayUseGlobals)
        throw notPortable(explain(foreign));
    return source;
}

function toURL(module) {
    if (module instanceof Gio.File)
        return module.get_uri();
    if (typeof module === 'string' && module.startsWith('/'))
        return Gio.File.new_for_path(module).get_uri();
    if (typeof module === 'string' && /^[a-z][a-z0-9+.-]*:/i.test(module))
        return module;
    throw new TypeError(`“${module}” is no absolute URL of a module. import.meta.url is that of the module at hand, ` +
        'and Gio.File.new_for_uri(import.meta.url).get_parent().resolve_relative_path(…) is a file beside it');
}

function referenceToName(reference) {
    if (reference.length !== 2 || typeof reference[1] !== 'string')
        throw new TypeError("A function of a module is submitted as [moduleURL, 'name']");
    return `${toURL(reference[0])}:${reference[1]}`;
}
