/** A file of a form. */
export interface FormFile {
  field?: string;
  filename?: string;
  content: string;
}

/** Builds a multipart form as a browser sends it: content type and body. */
export function form(...files: FormFile[]): { contentType: string; body: string } {
  const parts = files.map(
    ({ field = "file", filename = "a.txt", content }) =>
      `--edge\r\nContent-Disposition: form-data; name="${field}"; filename="${filename}"\r\n` +
      `Content-Type: text/plain\r\n\r\n${content}\r\n`,
  );
  return { contentType: "multipart/form-data; boundary=edge", body: `${parts.join("")}--edge--\r\n` };
}
