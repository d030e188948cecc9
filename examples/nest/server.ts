import "reflect-metadata";
import { Controller, Get, HttpException, Module, Param } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { FastifyAdapter } from "@nestjs/platform-fastify";

// An API that knows nothing of the kit: a shelf of books.
const books = new Map([
  ["1", { id: "1", title: "The Sea, the Sea" }],
  ["2", { id: "2", title: "To the Lighthouse" }],
]);

@Controller()
class Books {
  @Get("healthz")
  alive() {
    return { alive: true };
  }

  @Get("books")
  list() {
    return [...books.values()];
  }

  @Get("books/:id")
  one(@Param("id") id: string) {
    const book = books.get(id);
    if (!book) throw new HttpException("no such book", 404);
    return book;
  }
}

@Module({ controllers: [Books] })
class Shelf {}

const app = await NestFactory.create(Shelf, new FastifyAdapter());
// Without it, Nest does not see SIGTERM.
app.enableShutdownHooks();
await app.listen(Number(process.env.PORT ?? 3000), "0.0.0.0");
