'use strict';
// The picture and what answers a hand. The tables stand in the page already: this draws, lights and filters,
// and takes every name from them as text.
(() => {
const $ = id => document.getElementById(id);
const data = JSON.parse($('data').textContent);
const root = document.documentElement;
const stage = $('stage'), detail = $('detail');
const canvases = [...stage.querySelectorAll('canvas')];
const fileRows = [...document.querySelectorAll('#file-table tbody tr')];
const placeRows = [...document.querySelectorAll('#place-table tbody tr')];
const TURN = 2 * Math.PI, DISC = 60000, HOLE = 7500, CLAMP = 22000; // micrometres
const perLayer = data.rings * data.cells, total = perLayer * data.layers.length;

// ---- data ----
function cellsOf(text) {
	const out = new Uint8Array(total);
	let at = 0;
	for (const [, letter, count] of text.matchAll(/([A-Z])(\d*)/g)) {
		const end = at + (count ? +count : 1);
		out.fill(letter.charCodeAt(0) - 65, at, end);
		at = end;
	}
	return out;
}
const calm = cellsOf(data.calm), grave = cellsOf(data.grave), overlays = {};
for (const name of Object.keys(data.overlays))
	overlays[name] = cellsOf(data.overlays[name]);
const spans = (list, from) => {
	const out = [];
	for (let i = from; i + 1 < list.length; i += 2)
		out.push([list[i], list[i] + list[i + 1]]);
	return out;
};
const files = data.files.map((list, row) => ({ row, kind: list[0], spans: spans(list, 1) }));
const places = data.places.map((list, row) => ({ row, spans: [[list[0], list[0] + list[1]]], count: list[2], files: list.slice(3) }));
const lying = []; // where files lie, by sector
for (const file of files)
	for (const [from, to] of file.spans)
		lying.push({ from, to, file });
lying.sort((a, b) => a.from - b.from);
let longest = 0;
for (const run of lying)
	longest = Math.max(longest, run.to - run.from);

function filesIn(from, to) {
	let low = 0, high = lying.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (lying[middle].from < from - longest) low = middle + 1; else high = middle;
	}
	const found = new Set();
	for (; low < lying.length && lying[low].from < to; low++)
		if (lying[low].to > from)
			found.add(lying[low].file);
	return [...found];
}

// ---- geometry: sector <-> layer, radius, turns. Between the borders of two rings, squares of radii grow with the sectors ----
const mix = (a, b, share) => a + (b - a) * share;
function between(list, value) { // a rising or falling list: the interval that holds the value
	const up = list[list.length - 1] >= list[0];
	let low = 0, high = list.length - 1;
	while (high - low > 1) {
		const middle = (low + high) >> 1;
		if ((list[middle] <= value) === up) low = middle; else high = middle;
	}
	return low;
}
const share = (list, i, value) => list[i + 1] === list[i] ? 0 : Math.min(1, Math.max(0, (value - list[i]) / (list[i + 1] - list[i])));
function placeOf(sector) {
	let at = data.layers.findIndex(layer => sector >= layer.first && sector < layer.first + layer.count);
	if (at < 0)
		at = data.layers.length - 1;
	const layer = data.layers[at], i = between(layer.sectors, sector * 100);
	const part = share(layer.sectors, i, sector * 100);
	const radius = Math.sqrt(mix(layer.radii[i] ** 2, layer.radii[i + 1] ** 2, part));
	return { layer: at, radius, turn: mix(layer.turns[i], layer.turns[i + 1], share(layer.radii, i, radius)) / 1000 };
}
function sectorAt(at, radius, angle) { // the nearest one at this angle (turns); -1: nothing is recorded here
	const layer = data.layers[at], radii = layer.radii;
	const low = Math.min(radii[0], radii[radii.length - 1]), high = Math.max(radii[0], radii[radii.length - 1]);
	if (!layer.count || radius < low - data.ring || radius > high + data.ring)
		return -1;
	let i = between(radii, radius);
	let turn = mix(layer.turns[i], layer.turns[i + 1], share(radii, i, radius)) / 1000;
	turn = (Math.round(turn - angle) + angle) * 1000;
	i = between(layer.turns, turn);
	const r = mix(radii[i], radii[i + 1], share(layer.turns, i, turn));
	const part = radii[i + 1] === radii[i] ? 0 : (r * r - radii[i] ** 2) / (radii[i + 1] ** 2 - radii[i] ** 2);
	return Math.min(layer.first + layer.count - 1, Math.max(layer.first, Math.floor(mix(layer.sectors[i], layer.sectors[i + 1], part) / 100)));
}
function pieces(span) { // a span of sectors as pieces of one layer each, with their two ends
	return data.layers.flatMap((layer, at) => {
		const from = Math.max(span[0], layer.first), to = Math.min(span[1], layer.first + layer.count);
		return to > from ? [{ layer: at, from: placeOf(from), to: placeOf(to - 0.01) }] : [];
	});
}

// ---- colours ----
const colour = name => {
	const hex = getComputedStyle(root).getPropertyValue('--' + name).trim();
	return [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16));
};
const blend = (a, b, part) => a.map((v, i) => Math.round(mix(v, b[i], part)));
const packed = ([r, g, b]) => (255 << 24 | b << 16 | g << 8 | r) >>> 0;
const CLEAR = 0;
const STRENGTH = [0, .78, .88, .95, 1]; // of a graver colour, by quarters: a single sector is seen, too
const dark = () => !root.classList.contains('paper') && matchMedia('(prefers-color-scheme: dark)').matches;
function hue(i) { // apart from its neighbours, and quiet beside what is lost
	const h = (i * 0.61803398875) % 1 * 6, l = dark() ? .4 : .74, c = (1 - Math.abs(2 * l - 1)) * (dark() ? .3 : .46);
	const x = c * (1 - Math.abs(h % 2 - 1)), m = l - c / 2;
	const [r, g, b] = [[c, x, 0], [x, c, 0], [0, c, x], [0, x, c], [x, 0, c], [c, 0, x]][Math.floor(h) % 6];
	return [r, g, b].map(v => Math.round((v + m) * 255));
}

// Two colours a cell: the second one for stripes.
function stateColours() {
	const one = new Uint32Array(total), two = new Uint32Array(total);
	const c = {};
	for (const name of ['saved', 'untried', 'gap', 'hope', 'lost', 'skipped'])
		c[name] = colour(name);
	const known = new Map();
	for (let i = 0; i < total; i++) {
		const key = calm[i] * 32 + grave[i];
		if (!known.has(key)) {
			const s = Math.floor(calm[i] / 5), u = calm[i] % 5, h = Math.floor(grave[i] / 5), l = grave[i] % 5;
			const untried = u && u - h >= s - u;
			const paint = base => packed(blend(blend(base, c.hope, STRENGTH[h]), c.lost, STRENGTH[l]));
			known.set(key, calm[i] === 25 ? [CLEAR, CLEAR] : !s ? [packed(c.skipped), packed(c.skipped)]
				: untried ? [paint(c.gap), paint(c.untried)] : [paint(c.saved), paint(c.saved)]);
		}
		[one[i], two[i]] = known.get(key);
	}
	return [one, two];
}
function eachCell(span, fn) {
	for (const { layer, from, to } of pieces(span)) {
		const ring = r => Math.min(data.rings - 1, Math.max(0, Math.floor((r - data.inner) / data.ring)));
		const first = ring(from.radius), last = ring(to.radius), step = last < first ? -1 : 1;
		for (let i = first; ; i += step) {
			const edge = data.inner + (step > 0 ? i + 1 : i) * data.ring, start = data.inner + (step > 0 ? i : i + 1) * data.ring;
			const whole = Math.abs(to.radius - from.radius) || 1;
			const turnAt = r => mix(from.turn, to.turn, (r - from.radius) / (to.radius - from.radius || whole));
			const a = i === first ? from.turn : turnAt(start), b = i === last ? to.turn : turnAt(edge);
			const base = layer * perLayer + i * data.cells;
			const low = Math.floor(a * data.cells), high = Math.min(Math.floor(b * data.cells), low + data.cells - 1);
			for (let k = low; k <= high; k++)
				fn(base + ((k % data.cells) + data.cells) % data.cells);
			if (i === last)
				break;
		}
	}
}
function fileColours() {
	const one = new Uint32Array(total), two = new Uint32Array(total);
	const blank = packed(colour('skipped')), marks = [colour('lost'), colour('hope')].map(packed);
	for (let i = 0; i < total; i++)
		if (calm[i] !== 25)
			one[i] = two[i] = blank;
	for (const file of [...files].reverse()) { // those that lack something stand first: they are painted last
		const own = packed(hue(file.row)), mark = file.kind < 2 ? marks[file.kind] : own;
		for (const span of file.spans)
			eachCell(span, cell => {
				one[cell] = own;
				two[cell] = mark;
			});
	}
	return [one, two];
}
function overlayColours(name) {
	const letter = name === 'sense' ? 'c' : 'q', blank = packed(colour('skipped'));
	const palette = [blank, ...[1, 2, 3, 4, 5, 6].map(i => packed(colour(letter + i)))];
	const one = Uint32Array.from(overlays[name], value => palette[value]);
	for (let i = 0; i < total; i++)
		if (calm[i] === 25)
			one[i] = CLEAR;
	return [one, one];
}

// ---- drawing ----
let mode = 'state', base = [], lookup = null, size = 0;
let chosen = null, passing = null; // pinned, and under the pointer or focus
const unit = () => size / 2 / (DISC * 1.035); // room for the mark at the top

function lookUp() { // which cell each pixel shows
	const half = size / 2, scale = unit();
	lookup = new Int32Array(size * size).fill(-1);
	for (let y = 0, p = 0; y < size; y++)
		for (let x = 0; x < size; x++, p++) {
			const dx = x + .5 - half, dy = y + .5 - half;
			const ring = Math.floor((Math.sqrt(dx * dx + dy * dy) / scale - data.inner) / data.ring);
			if (ring < 0 || ring >= data.rings)
				continue;
			const angle = Math.atan2(dx, -dy) / TURN;
			lookup[p] = ring * data.cells + Math.floor((angle < 0 ? angle + 1 : angle) * data.cells) % data.cells;
		}
}
function paint() {
	const [one, two] = mode === 'state' ? stateColours() : mode === 'files' ? fileColours() : overlayColours(mode);
	const stripe = Math.max(6, Math.round(size / 90));
	base = data.layers.map((layer, at) => {
		const canvas = document.createElement('canvas');
		canvas.width = canvas.height = size;
		const context = canvas.getContext('2d'), image = context.createImageData(size, size);
		const pixels = new Uint32Array(image.data.buffer);
		for (let y = 0, p = 0; y < size; y++)
			for (let x = 0; x < size; x++, p++)
				if (lookup[p] >= 0)
					pixels[p] = ((x + y) % stripe < stripe * .35 ? two : one)[at * perLayer + lookup[p]];
		context.putImageData(image, 0, 0);
		return canvas;
	});
}
function circle(context, radius, fill, stroke, width) {
	context.beginPath();
	context.arc(0, 0, radius, 0, TURN);
	if (fill) { context.fillStyle = fill; context.fill(); }
	if (stroke) { context.strokeStyle = stroke; context.lineWidth = width; context.stroke(); }
}
const css = name => getComputedStyle(root).getPropertyValue('--' + name).trim();
function body(context, at) {
	const scale = unit(), pixel = size / context.canvas.clientWidth;
	context.setTransform(1, 0, 0, 1, 0, 0);
	context.clearRect(0, 0, size, size);
	context.translate(size / 2, size / 2);
	circle(context, DISC * scale, css('disc'), css('rim'), pixel);
	context.drawImage(base[at], -size / 2, -size / 2);
	circle(context, CLAMP * scale, null, css('line'), pixel);
	circle(context, HOLE * scale, css('card'), css('rim'), pixel);
	context.fillStyle = css('faint');
	context.beginPath();
	const top = -DISC * scale - pixel;
	context.moveTo(0, top);
	context.lineTo(-5 * pixel, top - 9 * pixel);
	context.lineTo(5 * pixel, top - 9 * pixel);
	context.fill();
}
function light(context, at, spans) { // the rest steps back
	const scale = unit(), pixel = size / context.canvas.clientWidth, accent = css('accent');
	const edge = (data.inner + data.rings * data.ring) * scale;
	context.globalAlpha = .72;
	context.beginPath();
	context.arc(0, 0, edge, 0, TURN);
	context.arc(0, 0, data.inner * scale, 0, TURN, true);
	context.fillStyle = css('disc');
	context.fill();
	context.globalAlpha = 1;
	for (const span of spans)
		for (const piece of pieces(span)) {
			if (piece.layer !== at)
				continue;
			const a = Math.min(piece.from.radius, piece.to.radius) * scale, b = Math.max(piece.from.radius, piece.to.radius) * scale;
			const turns = Math.abs(piece.to.turn - piece.from.turn);
			context.strokeStyle = accent;
			context.lineWidth = 1.5 * pixel;
			if (turns >= 1 && b - a > 2 * pixel) {
				context.save();
				context.beginPath();
				context.arc(0, 0, b, 0, TURN);
				context.arc(0, 0, a, 0, TURN, true);
				context.clip();
				context.drawImage(base[at], -size / 2, -size / 2);
				context.restore();
				circle(context, a - pixel, null, accent, 1.5 * pixel);
				circle(context, b + pixel, null, accent, 1.5 * pixel);
			} else {
				const start = piece.from.turn % 1 * TURN - TURN / 4, long = Math.max(turns * TURN, 6 * pixel / b);
				context.lineWidth = Math.max(3.5 * pixel, b - a);
				context.beginPath();
				context.arc(0, 0, (a + b) / 2, start, start + Math.min(long, TURN));
				context.stroke();
				if (turns < .02) // too small to find: a ring around it
					ring(context, (a + b) / 2, start + long / 2, 9 * pixel, accent, 2 * pixel);
			}
		}
}
function ring(context, radius, angle, width, stroke, line) {
	context.beginPath();
	context.arc(radius * Math.cos(angle), radius * Math.sin(angle), width, 0, TURN);
	context.strokeStyle = stroke;
	context.lineWidth = line;
	context.stroke();
}
function draw() {
	if (!size)
		return;
	const shown = passing || chosen;
	canvases.forEach((canvas, at) => {
		const context = canvas.getContext('2d');
		body(context, at);
		if (shown && shown.thing)
			light(context, at, shown.thing.spans);
	});
}
function redraw() {
	if (!size)
		return;
	paint();
	draw();
}
function resize() {
	const wide = Math.round(Math.min(1400, canvases[0].clientWidth * Math.max(2, window.devicePixelRatio || 1)));
	if (!wide || wide === size)
		return;
	size = wide;
	for (const canvas of canvases)
		canvas.width = canvas.height = size;
	lookUp();
	redraw();
}

// ---- words ----
const grouped = n => String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, '\u00a0');
const mm = r => (r / 1000).toFixed(1);
const layerWords = at => data.layers.length > 1 ? ', layer ' + at : '';
const count = (n, noun) => grouped(n) + ' ' + noun + (n === 1 ? '' : 's');
const nameOf = row => fileRows[row].querySelector('bdi').textContent;
const cellText = (row, i) => row.children[i].textContent.trim();
function element(tag, ...parts) {
	const made = document.createElement(tag);
	made.append(...parts);
	return made;
}
const named = row => element('bdi', nameOf(row));
function whereWords(spans) {
	const all = spans.flatMap(pieces);
	if (!all.length)
		return 'Nobody knows where on the disc it lies.';
	const radii = all.flatMap(piece => [piece.from.radius, piece.to.radius]);
	const low = mm(Math.min(...radii)), high = mm(Math.max(...radii));
	const layers = [...new Set(all.map(piece => piece.layer))];
	return low + (high !== low ? ' to ' + high : '') + ' mm from the centre' +
		(data.layers.length > 1 ? ', layer ' + layers.join(' and ') : '') +
		(spans.length > 1 ? ', in ' + count(spans.length, 'piece') : '') + '.';
}
function say(...parts) {
	detail.replaceChildren(...parts);
}
const fileNote = row => {
	const missing = cellText(fileRows[row], 3);
	return cellText(fileRows[row], 1) + (missing ? ': ' + missing : '');
};
function sayFile(file) {
	say(element('h3', named(file.row)), element('p', fileNote(file.row) + (file.kind === 2 ? ', ' : '; ') + cellText(fileRows[file.row], 2) + ' in all.'),
		element('p', whereWords(file.spans)));
}
function sayPlace(place) {
	const row = placeRows[place.row], parts = [
		element('h3', 'Place ' + (place.row + 1) + ' of ' + places.length),
		element('p', cellText(row, 3) + '.'), element('p', whereWords(place.spans))];
	if (place.count) {
		const list = element('ul', ...place.files.map(i => element('li', named(i), ' \u2013 ' + fileNote(i))));
		if (place.count > place.files.length)
			list.append(element('li', 'and ' + count(place.count - place.files.length, 'more file')));
		parts.push(element('p', count(place.count, 'file') + ' hit:'), list);
	} else if (files.length) {
		parts.push(element('p', 'No file is known to lie in what is missing here.'));
	}
	say(...parts);
}
function legendWords(cell) {
	const value = overlays[mode][cell];
	const keys = document.querySelectorAll('.legend[data-for="' + mode + '"] li');
	const title = document.querySelector('.legend[data-for="' + mode + '"]').dataset.title;
	return title + ': ' + (value ? keys[value - 1].textContent : mode === 'sense' ? 'no complaint' : 'nothing is known') + '.';
}
function stateWords(cell) {
	const s = Math.floor(calm[cell] / 5), u = calm[cell] % 5, h = Math.floor(grave[cell] / 5), l = grave[cell] % 5;
	const words = [];
	if (l) words.push(l === 4 ? 'lost' : 'lost in part');
	if (h > l) words.push(h === 4 && !l ? 'failed so far' : 'failed in part so far');
	if (u > h) words.push(u === 4 && !h ? 'not tried yet' : 'not tried in part');
	return !s ? 'Not asked for' : words.length ? words.join(', ').replace(/^./, c => c.toUpperCase()) : 'Saved';
}
function saySpot(spot) {
	const parts = [element('h3', stateWords(spot.cell)),
		element('p', mm(spot.radius) + ' mm from the centre' + layerWords(spot.layer) + ', near sector ' + grouped(spot.sector) + '.')];
	if (overlays[mode])
		parts.push(element('p', legendWords(spot.cell)));
	if (spot.file) {
		parts.push(element('p', named(spot.file.row), ' \u2013 ' + fileNote(spot.file.row)));
		if (spot.others)
			parts.push(element('p', 'and ' + count(spot.others, 'other file') + ' at this radius'));
	} else if (files.length) {
		parts.push(element('p', 'No listed file lies here.'));
	}
	say(...parts);
}
function sayNothing() {
	const parts = [element('h3', places.length ? count(places.length, 'place') + ' with something missing' : 'Nothing is missing')];
	if (files.length)
		parts.push(element('p', 'Point at the disc to see which file lies there; choose a file in the list to see where it lies.'));
	else
		parts.push(element('p', 'Point at the disc to see what lies there.'));
	say(...parts);
}

// ---- choosing ----
const show = { file: sayFile, place: sayPlace, spot: saySpot };
function update() {
	const shown = passing || chosen;
	if (shown)
		show[shown.kind](shown.thing || shown);
	else
		sayNothing();
	for (const [kind, rows] of [['file', fileRows], ['place', placeRows]])
		rows.forEach((row, i) => {
			const lit = Boolean(chosen && chosen.kind === kind && chosen.thing.row === i);
			if (row.classList.contains('lit') === lit && row.dataset.told)
				return;
			row.dataset.told = '1';
			row.classList.toggle('lit', lit);
			row.querySelector('.pick').setAttribute('aria-pressed', String(lit));
		});
	draw();
}
function choose(kind, thing) {
	chosen = thing ? { kind, thing } : null;
	passing = null;
	update();
}
function step(kind, list, by) {
	if (!list.length)
		return;
	const at = chosen && chosen.kind === kind ? chosen.thing.row : by > 0 ? -1 : list.length;
	choose(kind, list[(at + by + list.length) % list.length]);
}

// ---- the pointer ----
function spotUnder(event) {
	const at = canvases.indexOf(event.target);
	if (at < 0 || !size)
		return null;
	const box = event.target.getBoundingClientRect(), half = box.width / 2;
	const dx = event.clientX - box.left - half, dy = event.clientY - box.top - box.height / 2;
	const radius = Math.hypot(dx, dy) * (size / box.width) / unit();
	const ring = Math.floor((radius - data.inner) / data.ring);
	if (ring < 0 || ring >= data.rings)
		return null;
	const angle = ((Math.atan2(dx, -dy) / TURN) + 1) % 1;
	const cell = at * perLayer + ring * data.cells + Math.floor(angle * data.cells) % data.cells;
	const sector = calm[cell] === 25 ? -1 : sectorAt(at, radius, angle);
	if (sector < 0)
		return null;
	const ends = [0, 1].map(i => sectorAt(at, data.inner + (ring + i) * data.ring, angle)).sort((a, b) => a - b);
	const near = filesIn(ends[0], ends[1] + 1), here = filesIn(sector, sector + 1);
	const damaged = grave[cell] || calm[cell] % 5;
	const file = (damaged && near.find(f => f.kind < 2)) || here[0] || near[0] || null;
	return { kind: 'spot', layer: at, radius, cell, sector, file, others: file ? near.filter(f => f !== file).length : 0 };
}
stage.addEventListener('pointermove', event => {
	passing = spotUnder(event);
	update();
});
stage.addEventListener('pointerleave', () => {
	passing = null;
	update();
});
stage.addEventListener('click', event => {
	const spot = spotUnder(event);
	if (spot && spot.file)
		choose('file', spot.file);
});

// ---- keys ----
const keys = {
	ArrowRight: () => step('place', places, 1),
	ArrowLeft: () => step('place', places, -1),
	ArrowDown: () => step('file', files, 1),
	ArrowUp: () => step('file', files, -1),
	Home: () => choose('place', places[0]),
	End: () => choose('place', places[places.length - 1]),
	Escape: () => choose(null, null),
};
stage.addEventListener('keydown', event => {
	if (event.ctrlKey || event.altKey || event.metaKey || !keys[event.key])
		return;
	event.preventDefault();
	keys[event.key]();
});
$('before').addEventListener('click', keys.ArrowLeft);
$('after').addEventListener('click', keys.ArrowRight);
$('clear').addEventListener('click', keys.Escape);
for (const id of ['before', 'after'])
	$(id).disabled = places.length === 0;

// One stop of the tab key a table; arrows go on from there. What has the focus, or the pointer, is lit.
function listen(kind, rows, list) {
	const buttons = rows.map(row => row.querySelector('.pick'));
	const stop = at => buttons.forEach((button, i) => { button.tabIndex = i === at ? 0 : -1; });
	stop(0);
	const pass = at => {
		passing = at < 0 ? null : { kind, thing: list[at] };
		update();
	};
	rows.forEach((row, i) => {
		row.addEventListener('pointerenter', () => pass(i));
		row.addEventListener('pointerleave', () => pass(-1));
		buttons[i].addEventListener('focus', () => { stop(i); pass(i); });
		buttons[i].addEventListener('blur', () => pass(-1));
		buttons[i].addEventListener('click', () => choose(kind, list[i]));
		buttons[i].addEventListener('keydown', event => {
			const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
			let next = i + by;
			while (by && rows[next] && rows[next].hidden)
				next += by;
			if (!by || !rows[next])
				return;
			event.preventDefault();
			buttons[next].focus();
		});
	});
	return stop;
}
const stopAt = listen('file', fileRows, files);
listen('place', placeRows, places);

// ---- finding ----
if ($('find')) {
	const sift = () => {
		const wanted = $('find').value.toLocaleLowerCase(), hit = $('only-hit').checked;
		let left = 0, first = -1;
		fileRows.forEach((row, i) => {
			row.hidden = (hit && files[i].kind === 2) || !nameOf(i).toLocaleLowerCase().includes(wanted);
			left += !row.hidden;
			if (!row.hidden && first < 0)
				first = i;
		});
		stopAt(first);
		$('found').textContent = left === fileRows.length ? '' : grouped(left) + ' of ' + grouped(fileRows.length) + ' shown';
	};
	$('find').addEventListener('input', sift);
	$('only-hit').addEventListener('change', sift);
}

// ---- what the picture shows ----
function setMode(name) {
	mode = name;
	for (const legend of document.querySelectorAll('.legend'))
		legend.hidden = legend.dataset.for !== name;
	redraw();
	update();
}
for (const legend of document.querySelectorAll('.legend')) {
	const name = legend.dataset.for;
	if (name === 'files' && !files.length)
		continue;
	const input = document.createElement('input');
	input.type = 'radio';
	input.name = 'mode';
	input.value = name;
	input.checked = name === 'state';
	input.addEventListener('change', () => setMode(name));
	$('modes').append(element('label', input, legend.dataset.title));
}
root.classList.add('live');
if (!calm.some(value => value < 5)) // no part of the disc was left out
	document.querySelector('.key.skipped').parentElement.hidden = true;
setMode('state');
new ResizeObserver(resize).observe(stage);
resize();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
addEventListener('beforeprint', () => { root.classList.add('paper'); redraw(); });
addEventListener('afterprint', () => { root.classList.remove('paper'); redraw(); });
})();
