// SPDX-License-Identifier: LGPL-2.1-or-later
// Takes the pictures of docs/pictures: pages in light and dark, wide and narrow, with a file lit or another overlay. It judges
// nothing: that is look.js's business.
//
//   node shots.js CHROMIUM FOLDER
'use strict';
const path = require('path');
const { Chrome, Tab } = require('./chrome.js');

const [program, folder] = process.argv.slice(2);
const WIDE = [1280, 1180], PHONE = [390, 844];
const SHOTS = [
	{ name: 'report-light', page: 'half', view: [...WIDE, 'light'], keys: ['ArrowDown', 'ArrowDown'] },
	{ name: 'report-dark', page: 'end', view: [...WIDE, 'dark'], keys: ['ArrowRight'] },
	{ name: 'report-files', page: 'end', view: [...WIDE, 'dark'], mode: 'files' },
	{ name: 'report-attempts', page: 'end', view: [...WIDE, 'light'], mode: 'attempts' },
	{ name: 'report-list', page: 'end', view: [...WIDE, 'light'], scroll: 'files' },
	{ name: 'report-layers', page: 'two', view: [1280, 960, 'light'] },
	{ name: 'report-phone', page: 'half', view: [...PHONE, 'light', 1.5], scroll: 'disc-head', keys: ['ArrowDown'] },
	{ name: 'report-phone-dark', page: 'end', view: [...PHONE, 'dark', 1.5], scroll: 'files' },
];

(async () => {
	const chrome = new Chrome(program);
	for (const { name, page, view, keys = [], mode, scroll } of SHOTS) {
		const tab = await Tab.open(chrome);
		await tab.look(...view);
		await tab.go(path.resolve(folder, page + '.html'));
		if (mode)
			await tab.run(`document.querySelector('#modes input[value=${mode}]').click(), 0`);
		if (keys.length)
			await tab.run("document.getElementById('stage').focus({ preventScroll: true }), 0");
		for (const key of keys)
			await tab.key(key);
		await tab.run("document.activeElement.blur(), 0");
		await tab.run(scroll ? `document.getElementById('${scroll}').scrollIntoView(), 0` : 'scrollTo(0, 0), 0');
		await tab.settle();
		await tab.shot(path.join(folder, name + '.png'));
		await tab.close();
	}
	await chrome.close();
})();
