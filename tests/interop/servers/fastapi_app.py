# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""A language model and an app, written as the samples of the vendor's documentation are: FastAPI, streams by sse-starlette,
uploads by python-multipart. Their only token is `handed-out`."""

import asyncio
import hashlib
import json

from fastapi import APIRouter, Depends, FastAPI, File, Form, Header, HTTPException, Request, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from pydantic import BaseModel, Field
from sse_starlette.event import ServerSentEvent
from sse_starlette.sse import EventSourceResponse


async def check_token(authorization: str = Header(default="")):
    if authorization != "Bearer handed-out":
        raise HTTPException(status_code=401, detail="Invalid token", headers={"WWW-Authenticate": "Bearer"})


app = FastAPI()
model = APIRouter(prefix="/models/llm/assistant", dependencies=[Depends(check_token)])
viewer = APIRouter(prefix="/apps/tools/viewer/api", dependencies=[Depends(check_token)])
left = {}  # By the name of a stream: set when its client has gone.


class Message(BaseModel):
    role: str
    content: str


class Chat(BaseModel):
    model: str = "assistant"
    messages: list[Message] = Field(min_length=1)
    stream: bool = False
    user: str = ""


class Prompt(BaseModel):
    prompt: str


class Hello(BaseModel):
    name: str
    times: int = Field(default=1, ge=1)


def chunk(content, finish_reason=None):
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": finish_reason}
    return json.dumps({"id": "1", "object": "chat.completion.chunk", "model": "assistant", "choices": [choice]})


def event_stream(request: Chat):
    """A word an event. Before the second one, a ping is sent. Users `endless...` get no second word."""
    pinged = asyncio.Event()
    pings = 0

    def ping():
        nonlocal pings
        pings += 1
        if pings == 2:  # The first one was sent.
            pinged.set()
        return ServerSentEvent(comment="ping")

    async def events():
        try:
            words = request.messages[-1].content.split(" ")
            yield {"data": chunk(words[0]), "event": "message", "id": "first", "retry": 1000}
            await pinged.wait()
            if request.user.startswith("endless"):
                await asyncio.Event().wait()
            for word in words[1:]:
                yield {"comment": "next"}
                yield {"data": chunk(" " + word)}
            yield {"data": chunk(None, "stop")}
            yield {"data": "[DONE]"}
        finally:
            left.setdefault(request.user, asyncio.Event()).set()

    return EventSourceResponse(events(), ping=0.1, ping_message_factory=ping)


@model.post("/chat/completions")
@model.post("/v1/chat/completions")
@model.post("/")
async def chat(request: Chat):
    if request.messages[-1].content == "overload":
        return JSONResponse({"error": {"message": "too many", "type": "requests", "code": "rate_limit"}}, 429)
    if request.stream:
        return event_stream(request)
    message = {"role": "assistant", "content": request.messages[-1].content}
    return {"id": "1", "object": "chat.completion", "model": request.model, "choices": [{"index": 0, "message": message}]}


@model.api_route("/generate/", methods=["GET", "POST"])
async def generate(request: Prompt):
    async def words():
        for word in request.prompt.split(" "):
            yield word + " "

    return StreamingResponse(words(), media_type="text/plain")


@viewer.get("/left/")
async def has_left(user: str):
    await asyncio.wait_for(left.setdefault(user, asyncio.Event()).wait(), 60)
    return {"left": user}


@viewer.post("/say-hello/")
async def say_hello(payload: Hello):
    return {"hello": payload.name * payload.times}


@viewer.get("/sensor/")
async def sensor(table_name: str, row: int = 0):
    if table_name == "none":
        raise HTTPException(status_code=404, detail="There is no such table")
    if table_name == "locked":
        raise HTTPException(status_code=409, detail={"msg": "The table is locked", "by": "admin"})
    return {"table_name": table_name, "row": row}


@viewer.api_route("/report/", methods=["GET", "HEAD"])
async def report():
    return PlainTextResponse("x" * 100_000, headers={"X-Report": "7"})


@viewer.post("/upload/")
async def upload(file: list[UploadFile] = File(), note: str = Form("")):
    async def describe(one):
        content = await one.read()
        return {
            "filename": one.filename,
            "content_type": one.content_type,
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }

    return {"files": [await describe(one) for one in file], "note": note}


@viewer.api_route("/digest/", methods=["POST", "PUT", "PATCH", "DELETE"])
async def digest(request: Request):
    size, sha256 = 0, hashlib.sha256()
    async for piece in request.stream():
        size += len(piece)
        sha256.update(piece)
    return {"method": request.method, "size": size, "sha256": sha256.hexdigest()}


@viewer.post("/early/")
async def early():
    raise HTTPException(status_code=413, detail="The table is too large")


app.include_router(model)
app.include_router(viewer)

# A model with its own form of errors.
strict = FastAPI(dependencies=[Depends(check_token)])
app.mount("/models/llm/strict", strict)


@strict.post("/")
async def rows(payload: Hello):
    return {"hello": payload.name}


@strict.exception_handler(RequestValidationError)
async def own_form(request, error):
    return JSONResponse({"msg": "The request is malformed", "details": error.errors()[0]["msg"]}, 400)
