// SPDX-License-Identifier: LGPL-2.1-or-later

// Functions are sent to a worker as their source, or as the name of a module's export.
//
// A source must be self-contained. It is parsed when it is submitted, to find names that are defined outside of it. A
// name that is declared anywhere in the source counts as defined, so that no correct function is refused. The worker
// reports names that this misses.

/* exported referenceToName, sourceOf */

const {Gio} = imports.gi;
const {notPortable} = imports.overrides.cfutures.values;

// The global variables that gjs and the worker add to JavaScript's own.
const GLOBAL_NAMES = new Set([
    'ARGV', 'TextDecoder', 'TextEncoder', 'arguments', 'cfuturesWorker', 'clearInterval', 'clearTimeout', 'console',
    'globalThis', 'imports', 'log', 'logError', 'print', 'printerr', 'setInterval', 'setTimeout', 'window',
]);

const MAX_CACHED_SOURCES = 256;

// JavaScript's own global variables are not enumerable. Those that a program adds are, and a worker does not have them.
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

    // Declares the names of a pattern: a name, or a destructuring.
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

    // A private name belongs to its class.
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
        // An assignment creates a global variable if there is none.
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

    // A name after a dot, or before a colon, is not a variable.
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
        // Not every gjs can parse all of JavaScript. The worker reports such names.
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
        throw notPortable(`“${name}” is a class: submit a function that uses it`);
    if (/\{\s*\[native code\]\s*\}$/.test(source)) {
        throw notPortable(`“${name}” is native, or was made by bind(), and has no source to send to another process: ` +
            'submit a function that calls it, such as “(...args) => Math.max(...args)”');
    }
    if (isExpression(source))
        return source;

    // The source of a method has no “function” in it.
    const method = `({${source}})[${JSON.stringify(callable.name)}]`;

    if (!isExpression(method))
        throw notPortable(`The source of “${name}” cannot be sent to another process: ${source}`);
    return method;
}

function explain(names) {
    const all = names.map(name => `“${name}”`).join(', ');
    const are = names.length === 1 ? 'is' : 'are';
    const how = names.length === 1 ? 'an argument' : 'arguments';
    const list = names.join(', ');

    return `The function uses ${all}, which ${are} defined outside of it. A function that runs in another process ` +
        `has to be self-contained: pass ${all} as ${how}, as in submit((n, ${list}) => …, n, ${list}), or submit a ` +
        "function of a module as [moduleURL, 'name']";
}

const sources = new Map();

// Returns the source of a function, and the names that it uses from outside.
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

// An initializer may have defined global variables.
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
    throw new TypeError(`“${module}” is not the absolute URL of a module. The URL of this module is import.meta.url; ` +
        'a file beside it is Gio.File.new_for_uri(import.meta.url).get_parent().get_child(name)');
}

function referenceToName(reference) {
    if (reference.length !== 2 || typeof reference[1] !== 'string')
        throw new TypeError("A function of a module is submitted as [moduleURL, 'name']");
    return `${toURL(reference[0])}:${reference[1]}`;
}
