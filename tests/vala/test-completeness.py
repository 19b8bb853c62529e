#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Checks that Vala can call every function and use every property that the introspection data has.

    test-completeness.py GIR VAPI

Speaks TAP.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

CORE = '{http://www.gtk.org/introspection/core/1.0}'
C_IDENTIFIER = '{http://www.gtk.org/introspection/c/1.0}identifier'

# What the vapi has something else for.
INSTEAD = {
    'cf_executor_submit_local': 'cf_vala_executor_submit_local',
    'cf_future_await_boxed': 'cf_vala_future_result',
    'cf_task_new_local': 'cf_vala_task_new_local',
    'cf_thread_pool_executor_new': 'cf_vala_thread_pool_executor_new',
    'cf_thread_pool_executor_set_initializer': 'cf_vala_thread_pool_executor_set_initializer',
}

# What is for the overrides of gjs alone.
FOR_GJS = {'cf_executor_begin_drain', 'cf_executor_begin_shutdown', 'cf_future_add_listener'}

TYPE = re.compile(r'^\tpublic (?:\w+ )*(?:class|errordomain) (\w+)')
METHOD = re.compile(r'\bpublic (?:[^(=]* )?@?([\w.]+)(?:<T>)? \(')
PROPERTY = re.compile(r'^\t\tpublic [^(]* (\w+) \{')
CNAME = re.compile(r'\bcname = "(\w+)"')
PARAMETER_ATTRIBUTE = re.compile(r'\[CCode \([^\]]*\)\] ')


def to_c(name):
    return re.sub(r'(?<!^)(?=[A-Z])', '_', name).lower()


def in_gir(gir):
    functions, properties = set(), set()
    for element in ElementTree.parse(gir).iter():
        if element.tag in [CORE + kind for kind in ('function', 'method', 'constructor')]:
            functions.add(element.get(C_IDENTIFIER))
        if element.tag == CORE + 'class':
            properties |= {(element.get('name'), child.get('name')) for child in element.findall(CORE + 'property')}
    return functions, properties


def c_name(type_name, method, cname):
    if cname:
        return cname
    prefix = 'cf_' + (to_c(type_name) + '_' if type_name else '')
    if method.split('.')[0] == type_name:
        return '_'.join([prefix + 'new', *method.split('.')[1:]])
    return prefix + method


def in_vapi(vapi):
    functions, properties = set(), set()
    type_name = cname = None
    for line in vapi.read_text(encoding='utf-8').splitlines():
        if line.startswith('\t}'):
            type_name = None
        # An attribute belongs to what follows.
        if line.lstrip().startswith('['):
            found_cname = CNAME.search(line)
            cname = found_cname[1] if found_cname else cname
            continue
        found_type, found_property = TYPE.match(line), PROPERTY.match(line)
        found_method = METHOD.search(PARAMETER_ATTRIBUTE.sub('', line))
        if found_type:
            type_name = found_type[1]
        elif found_property:
            properties.add((type_name, found_property[1].replace('_', '-')))
        elif found_method:
            functions.add(c_name(type_name, found_method[1], cname))
        cname = None
    functions |= {re.sub('_async$', '_finish', name) for name in functions if name.endswith('_async')}
    return functions, properties


def report(number, description, missing):
    print(f'{"not ok" if missing else "ok"} {number} {description}')
    for name in sorted(missing):
        print('#', name)


def main():
    gir, vapi = map(Path, sys.argv[1:])
    functions, properties = in_gir(gir)
    vala_functions, vala_properties = in_vapi(vapi)
    replaced = {function for function, instead in INSTEAD.items() if instead in vala_functions}

    print('1..5')
    report(1, 'the introspection data was understood', set() if functions and properties else {'nothing found'})
    report(2, 'every function can be called', functions - FOR_GJS - vala_functions - replaced)
    report(3, 'every property can be used', properties - vala_properties)
    report(4, 'what has something in its place exists', (set(INSTEAD) | FOR_GJS) - functions)
    report(5, 'other languages do not see what is for Vala', {name for name in functions if 'vala' in name})


main()
