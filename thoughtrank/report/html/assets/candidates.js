"use strict";
// The candidates of one round: which questions match the filters, and how one of them is shown.
report.CandidateView = class {
  constructor(index) {
    this.index = index; // of one round, see browser_data.py
  }

  async load() {
    if (this.questions) return;
    this.questions = await report.unpack(this.index.questions);
    const buffer = await report.unpackBytes(this.index.columns);
    const n = this.index.num_candidates;
    let at = 0;
    const column = (kind) => {
      const made = new kind(buffer.slice(at, at + n * kind.BYTES_PER_ELEMENT));
      at += n * kind.BYTES_PER_ELEMENT;
      return made;
    };
    this.prefix = column(Uint16Array);
    this.rank = column(Uint16Array);
    this.outcome = column(Uint8Array);
    this.flags = column(Uint8Array);
    this.tokens = column(Uint32Array);
    this.gain = column(Float32Array);
    let first = 0;
    this.questions.forEach((question, position) => {
      Object.assign(question, { position, first, label: (question.text || question.id).toLowerCase() });
      first += question.n;
    });
  }

  families() {
    return [...new Set(this.questions.map((question) => question.family).filter(Boolean))].sort();
  }

  choices() {
    const numbered = (texts) => texts.map((text, number) => [String(number), text]);
    return {
      prefix: numbered(this.index.prefixes),
      outcome: numbered(this.index.outcomes),
      rank: [["1", "best rank"], ["3", "ranks 1 to 3"], ["10", "ranks 1 to 10"], ["0", "unranked"]],
      order: [["selected", "with a selected one first"], ["run", "as in the run"], ["matches", "most matches first"], ["gain", "largest gain first"]],
    };
  }

  // The questions with a candidate that matches, and which candidates those are.
  matching(filter) {
    const words = filter.text.toLowerCase();
    const found = [];
    for (const question of this.questions) {
      if (filter.family && question.family !== filter.family) continue;
      const named = !words || question.label.includes(words) || question.id.toLowerCase().includes(words);
      const inTexts = filter.hits && filter.hits.get(question.position);
      if (!named && !inTexts) continue;
      const rows = [];
      let gain = -Infinity;
      for (let row = question.first; row < question.first + question.n; row++) {
        if (!named && !inTexts.has(row - question.first)) continue;
        if (!this.rowMatches(row, filter)) continue;
        rows.push(row - question.first);
        if (this.gain[row] > gain) gain = this.gain[row];
      }
      if (rows.length) found.push({ question, rows, gain });
    }
    if (filter.order === "selected") found.sort((one, other) => this.worthSeeing(other) - this.worthSeeing(one));
    if (filter.order === "matches") found.sort((one, other) => other.rows.length - one.rows.length);
    if (filter.order === "gain") found.sort((one, other) => other.gain - one.gain);
    return found;
  }

  // 1 where a candidate was selected: then some answer is better than another.
  worthSeeing({ question, rows }) {
    return Number(rows.some((row) => this.index.outcomes[this.outcome[question.first + row]] === "selected"));
  }

  rowMatches(row, { prefix, outcome, rank }) {
    if (prefix !== "" && this.prefix[row] !== Number(prefix)) return false;
    if (outcome !== "" && this.outcome[row] !== Number(outcome)) return false;
    if (rank === "") return true;
    return rank === "0" ? this.rank[row] === 0 : this.rank[row] > 0 && this.rank[row] <= Number(rank);
  }

  countText(found) {
    const candidates = found.reduce((sum, each) => sum + each.rows.length, 0);
    return `${report.counted(candidates, "candidate", "candidates")} of ${report.counted(found.length, "question", "questions")}`;
  }

  // Which candidates of a question have the words in thought or answer.
  hitsIn(content, words) {
    const rows = new Set();
    content.candidates.forEach(([, thought, answer], row) => {
      if (thought.toLowerCase().includes(words) || answer.toLowerCase().includes(words)) rows.add(row);
    });
    return rows.size ? rows : null;
  }

  draw({ question, rows }) {
    const row = report.element("div", "", null);
    const selected = this.worthSeeing({ question, rows });
    row.append(
      report.element("span", "row-text", question.text || question.id),
      report.element("span", "row-note", [selected && "some selected", `${rows.length} of ${question.n} candidates`, question.family].filter(Boolean).join(" · ")),
    );
    return row;
  }

  async detail({ question, rows }) {
    const content = await report.contentAt(this.index.chunks, question.position);
    const parts = [report.element("p", "question-id", question.id)];
    parts.push(report.longText((content && content.text) || question.text || "The text of the question is not in this run folder.", "question"));
    if (question.answer) parts.push(report.element("p", "reference", `Reference answer: ${question.answer}`));
    if (!content) return [...parts, report.leftOut()];
    const order = [...rows].sort((one, other) => this.sortKey(question, one) - this.sortKey(question, other));
    const cards = (some) => some.map((row) => this.card(question, row, content.candidates[row]));
    parts.push(...report.firstOnes(order, cards, (count) => `Show ${report.counted(count, "more candidate", "more candidates")}`));
    if (content.calls.length) parts.push(this.judgeCalls(question, content));
    return parts;
  }

  // By rank, the unranked last; the selected first among equals.
  sortKey(question, row) {
    const at = question.first + row;
    const selected = this.index.outcomes[this.outcome[at]] === "selected";
    return (this.rank[at] || 1e6) * 2 + (selected ? 0 : 1);
  }

  card(question, row, [id, thought, answer, pTop, flag]) {
    const at = question.first + row;
    const outcome = this.index.outcomes[this.outcome[at]];
    const facts = [
      ["rank", this.rank[at] || "unranked"],
      ["prefix", this.index.prefixes[this.prefix[at]]],
      ["gain", Number.isNaN(this.gain[at]) ? null : `${this.gain[at].toFixed(2)} nats`],
      ["best with probability", pTop],
      ["tokens of the thought", this.tokens[at]],
      ["truncated", ["", "thought", "answer", "thought and answer"][this.flags[at] & 3] || null],
      ["judge", flag],
    ];
    const head = report.element("p", "facts", null, report.element("span", "outcome", outcome));
    for (const [name, value] of facts) {
      if (value === null || value === undefined) continue;
      head.append(report.element("span", "", null, report.element("i", "", name), ` ${report.shown(value)}`));
    }
    if (this.flags[at] & 4) head.append(report.element("span", "outcome wrong", "differs from the reference"));
    if (this.flags[at] & 8) head.append(report.element("span", "outcome right", "matches the reference"));
    const texts = report.element("div", "pair");
    for (const [name, text] of [["Thought", thought], ["Answer", answer]]) {
      texts.append(report.element("div", "", null, report.element("h4", "", name), report.longText(text)));
    }
    const card = report.element("div", `card${outcome === "selected" ? " chosen" : ""}`, null, head, texts);
    card.dataset.candidate = id;
    return card;
  }

  judgeCalls(question, content) {
    const names = new Map(content.candidates.map(([id], row) => [id, this.index.prefixes[this.prefix[question.first + row]]]));
    const named = (id) => `“${names.get(id) || id}”`;
    const tied = (ids) => ids.map(named).join(", ") + (ids.length > 1 ? " (equal)" : "");
    const byReference = content.calls.every((call) => call.reference);
    const title = byReference ? "How the answers were ranked: by the reference answer, no model judged" : `Judge calls: ${content.calls.length}`;
    const box = report.element("details", "calls", null, report.element("summary", "", title));
    box.append(report.element("p", "note", "Every different answer is listed once, by the prefix of the first candidate that gave it."));
    for (const call of content.calls) {
      let order = "no order";
      if (call.groups.length) order = `best first: ${call.groups.map(tied).join("; then ")}`;
      else if (call.scores) order = `scores: ${call.scores.map(([id, score]) => `${named(id)} ${score}`).join(", ")}`;
      const status = call.status === "ok" ? "" : `${call.status}: `;
      const kind = call.audit ? " (repeated in reverse order for the audit)" : "";
      const text = `${status}${order}${kind}${call.reason ? ` – ${call.reason}` : ""}`;
      box.append(report.element("p", "call", text[0].toUpperCase() + text.slice(1)));
      if (call.reply) box.append(report.longText(call.reply, "judge-reply"));
    }
    return box;
  }
};
