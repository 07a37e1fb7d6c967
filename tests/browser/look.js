// SPDX-License-Identifier: LGPL-2.1-or-later
// Looks at the pages that run.sh made: do they draw, answer pointer and keys with the right file, stay quiet, ask nobody for
// anything, and satisfy axe-core, in light and dark, wide and narrow? First it looks at pages that were spoilt, and must say so.
//
//   node look.js CHROMIUM AXE FOLDER
'use strict';
const fs = require('fs');
const path = require('path');
const { Chrome, Tab } = require('./chrome.js');

const [program, axeFile, folder] = process.argv.slice(2);
const axe = fs.readFileSync(axeFile, 'utf8');
const VIEWS = [[1280, 800, 'light'], [1280, 800, 'dark'], [390, 844, 'light'], [390, 844, 'dark']];
let bad = 0, checks = 0;

function must(good, what) {
	checks++;
	if (good)
		return;
	bad++;
	console.log('FAILED: ' + what);
}

const page = name => path.join(folder, name + '.html');
const detail = tab => tab.run("document.getElementById('detail').innerText");
const inDetail = tab => tab.run("[...document.querySelectorAll('#detail bdi')].map(e => e.textContent)");
const names = tab => tab.run("[...document.querySelectorAll('#file-table tbody bdi')].map(e => e.textContent)");
const pressed = tab => tab.run("[...document.querySelectorAll('[aria-pressed=true]')].map(e => e.textContent)");

// Of the first canvas: how many colours, and how much of the square is covered.
const drawn = tab => tab.run(`(() => {
	const canvas = document.querySelector('#stage canvas'), copy = document.createElement('canvas');
	copy.width = canvas.width, copy.height = canvas.height;
	const context = copy.getContext('2d', { willReadFrequently: true });
	context.drawImage(canvas, 0, 0);
	const data = context.getImageData(0, 0, copy.width, copy.height).data;
	const colours = new Set();
	let covered = 0, sum = 0;
	for (let i = 0; i < data.length; i += 4) {
		if (!data[i + 3]) continue;
		covered++;
		colours.add(data[i] << 16 | data[i + 1] << 8 | data[i + 2]);
		sum = (sum * 31 + data[i] + 3 * data[i + 1] + 7 * data[i + 2]) % 1000000007;
	}
	return { colours: colours.size, covered: covered / (data.length / 4), sum };
})()`);

async function grave(tab) { // what axe-core finds serious or critical
	await tab.run("typeof axe === 'undefined'") && await tab.run(axe + ';0');
	return tab.run(`axe.run(document, { resultTypes: ['violations'] }).then(result => result.violations
		.filter(v => v.impact === 'serious' || v.impact === 'critical')
		.map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.target.join(' ') + ' ' + (n.any[0]?.message || '')).join(' | ')))`);
}

async function faults(tab, judge = grave) { // everything that must not be, as texts
	const found = [...tab.complaints, ...tab.requests.map(url => 'asks for ' + url)];
	const picture = await drawn(tab).catch(error => ({ colours: 0, covered: 0, error }));
	if (picture.colours < 3 || picture.covered < 0.5)
		found.push('the picture is blank: ' + JSON.stringify(picture));
	if (await tab.run('document.documentElement.scrollWidth > innerWidth'))
		found.push('wider than the screen: ' + await tab.run('document.documentElement.scrollWidth'));
	return found.concat(await judge(tab));
}

async function spoilt(chrome) { // a judge that finds nothing here would find nothing anywhere
	const good = fs.readFileSync(page('family'), 'utf8');
	const open = good.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, '');
	const spoils = {
		'a request': [open.replace('</main>', '<img alt="x" src="http://127.0.0.1:9/x.png"></main>'), /asks for http/],
		'a request that the policy stops': [good.replace('</main>', '<img alt="x" src="http://127.0.0.1:9/x.png"></main>'), /log: /],
		'a script of somebody else': [good.replace('</main>', '<script>document.title = "taken"</script></main>'), /log: /],
		'an error': [open.replace("'use strict';", "'use strict'; throw new Error('spoilt');"), /spoilt/],
		'no picture': [open.replace('function body(', 'return; function body('), /blank/],
		'a picture without words': [open.replace('</main>', '<img src="data:,"></main>'), /image-alt/],
		'pale words': [open.replace('--faint: #56616a', '--faint: #c9ced2'), /color-contrast/],
		'too wide': [open.replace('</main>', '<hr class="wide"></main>').replace('.wide {', 'hr.wide { width: 3000px; } .wide {'), /wider/],
	};
	for (const [what, [html, expected]] of Object.entries(spoils)) {
		must(html !== good && html !== open, 'the page has nothing to spoil any more: ' + what);
		fs.writeFileSync(page('spoilt'), html);
		const tab = await Tab.open(chrome);
		await tab.look(1280, 800, 'light');
		await tab.go(page('spoilt'));
		const found = await faults(tab, expected.source.includes('-') ? grave : () => []); // axe's rules have names with dashes
		must(found.some(text => expected.test(text)), 'not noticed: ' + what + '; found: ' + JSON.stringify(found));
		await tab.close();
	}
}

async function everywhere(chrome, name) {
	const tab = await Tab.open(chrome);
	const pictures = new Set();
	for (const [width, height, scheme] of VIEWS) { // one page, which follows its window and its reader's taste
		await tab.look(width, height, scheme);
		await (tab.url ? tab.settle() : tab.go(page(name)));
		for (const fault of await faults(tab))
			must(false, name + ', ' + width + 'x' + height + ', ' + scheme + ': ' + fault);
		pictures.add((await drawn(tab)).sum);
	}
	must(pictures.size === VIEWS.length, name + ' draws anew for each of ' + VIEWS.length + ' views: ' + pictures.size);
	await tab.close();
}

// Where a sector lies on the screen, from the page's figures and the definition of the spiral alone.
const spot = (tab, sector) => tab.run(`(() => {
	const data = JSON.parse(document.getElementById('data').textContent), s = ${sector} * 100;
	const at = data.layers.findIndex(l => ${sector} >= l.first && ${sector} < l.first + l.count), l = data.layers[at];
	let i = 0;
	while (i + 2 < l.sectors.length && (l.sectors[i + 1] - s) * (l.sectors[i] - s) > 0) i++;
	const part = (s - l.sectors[i]) / (l.sectors[i + 1] - l.sectors[i]);
	const r = Math.sqrt(l.radii[i] ** 2 + part * (l.radii[i + 1] ** 2 - l.radii[i] ** 2));
	const turn = l.turns[i] + (r - l.radii[i]) / (l.radii[i + 1] - l.radii[i]) * (l.turns[i + 1] - l.turns[i]);
	const canvas = document.querySelectorAll('#stage canvas')[at];
	canvas.scrollIntoView({ block: 'center' });
	const box = canvas.getBoundingClientRect(), px = r / (60000 * 1.035) * box.width / 2, a = turn / 1000 * 2 * Math.PI;
	return { x: box.left + box.width / 2 + px * Math.sin(a), y: box.top + box.height / 2 - px * Math.cos(a) };
})()`);

async function pointing(tab) {
	const all = await names(tab);
	const files = JSON.parse(await tab.run("document.getElementById('data').textContent")).files;
	const large = files.map((list, row) => ({ row, first: list[1], count: list[2] })).filter(f => f.count > 9000);
	must(large.length >= 3, 'there are ' + large.length + ' large files to point at');
	for (const { row, first, count } of large) {
		const { x, y } = await spot(tab, first + Math.floor(count / 2));
		await tab.point(x, y);
		const found = await inDetail(tab);
		must(found[0] === all[row], 'pointing at ' + all[row] + ' says ' + JSON.stringify(await detail(tab)));
		await tab.click(x, y);
		must((await pressed(tab)).includes(all[row]), 'a click on ' + all[row] + ' chooses it');
	}
	await tab.point(2, 2);
	must((await inDetail(tab))[0] === all[large[large.length - 1].row], 'what was chosen stays when the pointer leaves');
}

async function typing(tab) {
	const all = await names(tab);
	await tab.run("document.getElementById('stage').focus(), 0");
	await tab.key('Escape');
	const calm = await drawn(tab);
	for (let i = 0; i < 3; i++) {
		await tab.key('ArrowDown');
		must((await inDetail(tab))[0] === all[i], 'down, ' + (i + 1) + ' times, says ' + JSON.stringify(await detail(tab)));
		must((await drawn(tab)).sum !== calm.sum, 'the file lights up');
	}
	await tab.key('ArrowUp');
	must((await inDetail(tab))[0] === all[1], 'up goes back');
	await tab.key('ArrowRight');
	must(/^Place 1 of \d/.test(await detail(tab)), 'right: the first place, not ' + JSON.stringify(await detail(tab)));
	await tab.key('ArrowLeft');
	const last = await detail(tab);
	must(/^Place (\d+) of \1\n/.test(last), 'left of the first place is the last: ' + last);
	must(!/Nobody knows|NaN|undefined/.test(last), 'it is told where it lies: ' + last);
	await tab.key('Escape');
	must((await drawn(tab)).sum === calm.sum, 'escape clears');
	await tab.run("document.querySelector('#file-table .pick').focus(), 0");
	await tab.key('ArrowDown');
	must((await inDetail(tab))[0] === all[1], 'arrows in the list go on, and the focus tells');
	await tab.key('Enter');
	must((await pressed(tab))[0] === all[1], 'enter chooses');
}

async function tabbing(tab) { // everything is reached, nothing is a trap
	await tab.run("document.activeElement.blur(), document.body.focus(), scrollTo(0, 0), 0");
	const seen = [];
	for (let i = 0; i < 25; i++) {
		await tab.key('Tab');
		seen.push(await tab.run("(e => e.id || e.name || e.textContent.slice(0, 20))(document.activeElement)"));
	}
	for (const stop of ['stage', 'mode', 'before', 'find', 'only-hit'])
		must(seen.includes(stop), 'the tab key reaches ' + stop + ': ' + seen.join(', '));
	must(new Set(seen).size > 8, 'the tab key moves on: ' + seen.join(', '));
}

async function switching(tab) {
	await tab.run("document.getElementById('clear').click(), 0");
	const seen = new Map();
	const modes = await tab.run("[...document.querySelectorAll('#modes input')].map(e => e.value)");
	must(['state', 'files', 'attempts', 'latency', 'speed', 'sense'].every(m => modes.includes(m)), 'six pictures: ' + modes);
	for (const mode of modes) {
		await tab.run(`document.querySelector('#modes input[value=${mode}]').click(), 0`);
		await tab.settle();
		seen.set((await drawn(tab)).sum, mode);
		must(await tab.run("document.querySelectorAll('.legend:not([hidden])').length === 1"), mode + ' has its legend');
	}
	must(seen.size === modes.length, 'each picture is another one: ' + [...seen.values()]);
	await tab.run("document.querySelector('#modes input').click(), 0");
}

async function sifting(tab) {
	const shown = () => tab.run("[...document.querySelectorAll('#file-table tbody tr')].filter(r => r.offsetParent).length");
	const all = await shown();
	await tab.run("{ const f = document.getElementById('find'); f.value = 'LETTER'; f.dispatchEvent(new Event('input')); }; 0");
	const some = await shown();
	must(some > 0 && some < all, 'finding leaves ' + some + ' of ' + all);
	await tab.run("{ const f = document.getElementById('find'); f.value = ''; f.dispatchEvent(new Event('input')); document.getElementById('only-hit').click(); }; 0");
	const hit = await shown();
	must(hit > 0 && hit === await tab.run("document.querySelectorAll('#file-table tr.lossy, #file-table tr.hopeful').length"), 'what is not whole: ' + hit);
	await tab.run("document.getElementById('only-hit').click(), 0");
}

async function answering(chrome) {
	const tab = await Tab.open(chrome);
	await tab.look(1280, 800, 'light');
	await tab.go(page('family'));
	for (const part of [pointing, typing, tabbing, switching, sifting])
		await part(tab);
	await tab.send('Page.printToPDF', {});
	must(tab.complaints.length === 0 && tab.requests.length === 0, 'it stays quiet: ' + [...tab.complaints, ...tab.requests]);
	await tab.close();
}

async function hostile(chrome) { // names that would be markup, script or orders to the reader are names
	const tab = await Tab.open(chrome);
	await tab.look(1280, 800, 'light');
	await tab.go(page('hostile'));
	const all = await names(tab);
	must(all.includes('</script><img src=x onerror=taken()>'), 'a path that closes a script is a path: ' + JSON.stringify(all));
	must(all.some(name => name.includes('{{data}}')), 'a slot in a name is a name');
	must(!all.some(name => /[\u0000-\u001f\u202a-\u202e\u2066-\u2069]/.test(name)), 'nothing turns the text around');
	must(await tab.run("document.querySelectorAll('img, iframe, object, embed').length === 0"), 'no element of theirs');
	must(await tab.run("document.querySelectorAll('script').length === 2"), 'no script of theirs');
	must(!/</.test(await tab.run("document.getElementById('data').textContent")), 'no < in the data');
	for (let i = 0; i < all.length; i++) {
		await tab.run(`document.querySelectorAll('#file-table .pick')[${i}].click(), 0`);
		must((await inDetail(tab))[0] === all[i], 'its name is told as it is: ' + all[i]);
	}
	must(await tab.run("document.querySelectorAll('img').length === 0"), 'nor by being told');
	await tab.close();
}

(async () => {
	const chrome = new Chrome(program);
	try {
		await spoilt(chrome);
		for (const name of fs.readdirSync(folder).filter(f => f.endsWith('.html') && f !== 'spoilt.html'))
			await everywhere(chrome, path.basename(name, '.html'));
		await answering(chrome);
		await hostile(chrome);
	} catch (error) {
		must(false, error.stack);
	}
	await chrome.close();
	console.log(checks - bad + ' of ' + checks + ' checks held');
	process.exitCode = bad ? 1 : 0;
})();
